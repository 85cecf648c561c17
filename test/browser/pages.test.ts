import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { axeFinds, browserTests, freshPage, type Look, lookAs, NARROW, settled, shoot, WIDE } from './browser.ts';
import { rulesFile, sha256, tellStory } from './story.ts';
import { closeStories, type StoryLog, serveStory } from './storylog.ts';

// Every page, dark and light, wide and narrow: nothing fails, nothing is asked of anybody else, axe finds nothing.

const digest = Buffer.from(sha256(rulesFile(70))).toString('hex');
const kidPage = async (page: Page) => {
  await page.goto('/#/keys');
  await settled(page);
  await page.click('table a:text-is("acme/rules-zurich")');
  await page.waitForSelector('.plainlist :text-is("tainted")');
};

const PAGES: Record<string, string | ((page: Page) => Promise<void>)> = {
  overview: '/',
  where: '/#/where?process=acme/samples&country=CH&on=2019-02-01',
  builds: '/#/builds',
  verdict: `/#/builds?digest=sha256:${digest}`,
  keys: '/#/keys',
  key: kidPage,
  supervision: '/#/supervision',
  witnesses: '/#/witnesses',
  entry: '/#/entry/20',
  'no-entry': '/#/entry/x',
};
const LOOKS: Look[] = [WIDE, NARROW, { ...WIDE, scheme: 'dark' }, { width: 700, scheme: 'light' }];
/** What each page must show of the story. */
const SHOWS: Record<string, RegExp> = {
  overview: /acme signed software endpoint 2019\.04\.00 at zrh-1[\s\S]*logged 12 min later/,
  where: /acme\/zrh-1\s+Switzerland/,
  builds: /rules-31\.cab/,
  verdict: /Tainted[\s\S]*later reported compromised/,
  keys: /acme\/rules-moscow destroyed, in force from entry 188/,
  key: /compromised since entry \d+: reported in entry 182/,
  supervision: /exam\s+[✕]\s*contradicts[\s\S]*nobody looked at 14 May 2020 to 1 Oct 2020/,
  witnesses: /2 of 3[\s\S]*witness\.example\/rhone\s+[✕]\s*not cosigned/,
  entry: /Proven\.[\s\S]*acme corrected entry 20/,
  'no-entry': /not the number of an entry/,
};

/** The bytes of an answer as they come over the wire, with its head. */
async function transferred(url: string, encoding: string): Promise<number> {
  const [answer] = (await once(get(url, { headers: { 'accept-encoding': encoding } }), 'response')) as [
    IncomingMessage,
  ];
  let bytes = answer.rawHeaders.join(': ').length;
  for await (const part of answer) bytes += (part as Buffer).length;
  assert.is(answer.statusCode, 200, url);
  return bytes;
}

browserTests((browser) => {
  let story: StoryLog;
  test.before(async () => {
    story = await serveStory(tellStory());
  });
  test.after(closeStories);

  for (const [name, where] of Object.entries(PAGES)) {
    test(`${name}: reads well in every look, and axe finds nothing`, async () => {
      const { page, wrong } = await freshPage(browser(), story.url);
      if (typeof where === 'string') await page.goto(where);
      else await where(page);
      for (const look of LOOKS) {
        await lookAs(page, look);
        await settled(page);
        const shown = `${name} ${look.width} ${look.scheme}`;
        await shoot(page, `${name}-${look.width}-${look.scheme}`);
        assert.match(await page.innerText('main'), SHOWS[name] as RegExp, shown);
        assert.not.match(await page.innerText('main'), /could not be shown/, shown);
        assert.equal(await axeFinds(page), [], shown);
        const [wide, view] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        assert.ok(wide <= view, `${shown} is ${wide} wide in a window of ${view}`);
        assert.equal(wrong, [], shown);
      }
      await page.context().close();
    });
  }

  test('the first content takes less than 100 kB, whichever way it is compressed', async () => {
    const { page } = await freshPage(browser(), story.url);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    // What the promise and the newest checkpoint do not need comes later, and here never.
    await page.route(/\/v1\/(?!log|entries\?kind=policy)/, () => {});
    await page.goto('/', { waitUntil: 'commit' });
    await page.waitForSelector('dd.big');
    await page.waitForSelector('.lead:has-text("Acme Security writes here")');
    const first = asked.filter((url) => !/\/v1\/(?!log|entries\?kind=policy)/.test(url));
    assert.ok(first.length > 10, 'page, style, scripts and answers were asked for');
    for (const encoding of ['br', 'gzip']) {
      const sizes = await Promise.all(first.map((url) => transferred(url, encoding)));
      const all = sizes.reduce((sum, size) => sum + size);
      // Less than that, so that what is added one day meets this line before it meets the promise.
      assert.ok(all > 10_000 && all < 92_000, `${all} bytes with ${encoding}`);
    }
    await page.context().close();
  });

  test('what is served has its policy, its hash in its name, and comes compressed', async () => {
    const index = await fetch(`${story.url}/`, { headers: { 'accept-encoding': 'identity' } });
    assert.match(index.headers.get('content-security-policy') ?? '', /default-src 'none'; script-src 'self'/);
    const html = await index.text();
    assert.not.match(html, /<script(?![^>]* src=)|style="|https?:/);
    for (const [, name] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
      assert.match(name as string, /-[A-Z0-9]{8}\.(?:js|css|svg)$/);
      const asset = await fetch(`${story.url}/${name}`, { headers: { 'accept-encoding': 'gzip, br' } });
      assert.is(asset.headers.get('content-encoding'), 'br');
      assert.match(asset.headers.get('cache-control') ?? '', /immutable/);
      await asset.arrayBuffer();
    }
    const gone = await fetch(`${story.url}/web/nothing.js`);
    assert.equal([gone.status, /load \/ again/.test(await gone.text())], [404, true]);
  });

  test('works with the keyboard alone, and times are told in the zone of the reader with UTC on hover', async () => {
    const { page } = await freshPage(browser(), story.url);
    await page.goto('/#/builds');
    await settled(page);
    await page.keyboard.press('Tab');
    assert.is(await page.evaluate(() => document.activeElement?.textContent), 'Skip to the content');
    await page.keyboard.press('Enter');
    assert.is(await page.evaluate(() => document.activeElement?.tagName), 'H1');
    await page.focus('nav a:text-is("Keys")');
    await page.keyboard.press('Enter');
    await page.waitForFunction(
      () => document.activeElement?.textContent === 'Keys' && document.activeElement.tagName === 'H1',
    );
    assert.equal(await page.evaluate(() => [document.activeElement?.textContent, document.title]), [
      'Keys',
      'Keys · log.example/acme',
    ]);
    await page.goto('/#/entry/40');
    const time = page.locator('.fields time');
    assert.equal(
      [await time.innerText(), await time.getAttribute('title')],
      ['19 Jan 2019, 03:00', '2019-01-19 02:00:00 UTC'],
    );
    await page.context().close();
  });

  test('nothing moves for those who want no motion', async () => {
    const { page } = await freshPage(browser(), story.url, WIDE, { reducedMotion: 'reduce' });
    await page.route(/\/v1\/entries/, () => {});
    await page.goto('/');
    await page.waitForSelector('.loading');
    const moves = () =>
      page.evaluate(() => getComputedStyle(document.querySelector('.loading') as Element, '::before').animationName);
    assert.is(await moves(), 'none');
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    assert.is(await moves(), 'turn');
    await page.context().close();
  });

  test('the slider asks about another day', async () => {
    const { page } = await freshPage(browser(), story.url);
    await page.goto('/#/where?process=acme/samples&country=CH&on=2018-11-05');
    await page.waitForSelector('[data-on="2018-11-05"]');
    assert.not.match(await page.innerText('[data-on]'), /zrh-1/);
    await page.fill('#day', String(Date.parse('2020-01-01') / 86_400_000));
    await page.waitForSelector('[data-on="2020-01-01"]');
    assert.match(await page.innerText('[data-on]'), /acme\/zrh-1\s+Switzerland/);
    assert.match(page.url(), /on=2020-01-01/);
    await page.context().close();
  });

  test('a search finds a version; one that finds nothing says what to do', async () => {
    const { page } = await freshPage(browser(), story.url);
    await page.goto('/#/builds');
    await page.fill('#version', '2019.01.05');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
    assert.match(page.url(), /version=2019\.01\.05/);
    assert.match(await page.innerText('tbody'), /rules-5\.cab/);
    await page.fill('#version', 'nothing');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.nothing:has-text("No build is logged like that")');
    await page.context().close();
  });
});
