import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256 } from '#sha256';
import { toHex, utf8 } from '../../src/core/bytes.ts';
import { limmatIn } from '../flow/server.ts';
import { folder } from '../folder.ts';
import { browserTests, freshPage, NARROW, settled, shoot, visited } from './browser.ts';
import { forkOf, tellStory } from './story.ts';
import { closeStories, type StoryLog, serveStory } from './storylog.ts';

// A log that signed two histories: every page says so, hands out the proof, and the command that it names believes it.

const noteOf = async ({ url }: StoryLog) => (await fetch(`${url}/checkpoint`)).text();

/** Follows the links of an alarm to its files, and runs the command that stands beside them. */
async function checkedOffline(page: Page): Promise<string> {
  const place = folder();
  for (const link of await page.locator('.alarm a[download$=".tlog-evidence"], .alarm a[download="log.vkey"]').all()) {
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    await download.saveAs(join(place, download.suggestedFilename()));
  }
  const [program, ...args] = (await page.innerText('.alarm code.command')).split(' ');
  assert.is(program, 'limmat');
  const { code, stdout, stderr } = await limmatIn({ cwd: place }, ...args);
  assert.is(code, 0, stderr);
  return stdout;
}

browserTests((browser) => {
  let story: StoryLog;
  let fork: StoryLog;
  test.before(async () => {
    story = await serveStory(tellStory());
    fork = await serveStory(forkOf(tellStory()));
  });
  test.after(closeStories);

  const witnesses = async (look = NARROW) => {
    const watched = await freshPage(browser(), story.url, look);
    await watched.page.goto('/#/witnesses');
    await settled(watched.page);
    return watched;
  };
  const card = (page: Page) => page.innerText('[aria-label="Evidence against this log"]');

  test('without evidence the page says so, and where else it would be', async () => {
    const { page, wrong } = await witnesses();
    assert.match(await card(page), /The log knows of none[\s\S]*monitors keep evidence too/);
    assert.is(await page.locator('.alarm').count(), 0);
    assert.equal(wrong, []);
    await page.context().close();
  });

  test('a witness that is missing shows what it cosigned last', async () => {
    const { page } = await witnesses();
    const row = await page.innerText('tr:has-text("witness.example/rhone")');
    assert.match(row, /not cosigned[\s\S]*1[56]\d entries[\s\S]*2019/);
    await page.context().close();
  });

  test('what proves nothing accuses nobody', async () => {
    const file = utf8('limmat/evidence@v1\nkind same-size\n');
    const id = toHex(sha256(file));
    const { page } = await freshPage(browser(), story.url);
    await page.route(/\/evidence$/, (route) => route.fulfill({ body: `${id}\n` }));
    await page.route(/\/evidence\/[0-9a-f]+$/, (route) => route.fulfill({ body: Buffer.from(file) }));
    await page.goto('/#/witnesses');
    await settled(page);
    assert.match(await card(page), /proves nothing[\s\S]*this is no evidence file/);
    assert.is(await page.locator('.alarm').count(), 0);
    await page.context().close();
  });

  test('a copy that serves no evidence is not taken for a log that has none', async () => {
    const { page } = await freshPage(browser(), story.url);
    await page.route(/\/gossip\//, (route) => route.fulfill({ status: 404, body: '' }));
    await page.goto('/#/witnesses');
    await settled(page);
    assert.match(await card(page), /This copy of the log serves no evidence files/);
    await page.context().close();
  });

  test('a browser that was shown another history makes the evidence itself', async () => {
    const other = tellStory();
    // Longer than what the browser has seen: a log that hides the larger tree has only taken entries back.
    other.clock('2022-09-02T00:00:00Z').clock('2022-09-03T00:00:00Z');
    const { page } = await visited(browser(), story.url, (await serveStory(forkOf(other))).url);
    await page.goto('/#/keys');
    await page.waitForSelector('.alarm code.command');
    await shoot(page, 'fork-found');
    assert.match(await page.innerText('.alarm'), /does not begin with them/);
    assert.match(await checkedOffline(page), /is not the beginning of the tree/);
    await page.context().close();
  });

  test('evidence that the log serves is an alarm on every page, with the file and how to check it', async () => {
    const posted = await fetch(`${story.gossip}/heads`, { method: 'POST', body: await noteOf(fork) });
    assert.is(posted.status, 409);
    for (const where of ['/', '/#/keys', '/#/entry/20']) {
      const { page } = await freshPage(browser(), story.url);
      await page.goto(where);
      await page.waitForSelector('.alarm code.command');
      const says = await page.innerText('.alarm');
      assert.match(says, /This log has signed two histories[\s\S]*signed a list of \d+ entries, and one of \d+/, where);
      assert.match(says, /\nwitness\.example\/aare and witness\.example\/reuss cosigned both sides/);
      await page.context().close();
    }
    const { page, wrong } = await witnesses();
    assert.match(await card(page), /proven/);
    assert.match(await checkedOffline(page), /is not the beginning of the tree/);
    await shoot(page, 'fork-served');
    assert.equal(wrong, []);
    await page.context().close();
  });

  test('a file whose bytes were changed on the way is not believed', async () => {
    const { page } = await freshPage(browser(), story.url);
    await page.route(/\/evidence\/[0-9a-f]+$/, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: (await response.text()).replace('kind inconsistent', 'kind same-size') });
    });
    await page.goto('/#/witnesses');
    await settled(page);
    assert.match(await card(page), /proves nothing[\s\S]*not the file that the list names/);
    await page.context().close();
  });
});
