import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { utf8 } from '../../src/core/bytes.ts';
import { begun } from '../registry/world.ts';
import { axeFinds, browserTests, freshPage, NARROW, settled, shoot, WIDE } from './browser.ts';
import { closeStories, type StoryLog, serveOpaque, serveStory } from './storylog.ts';

// Logs with little to show: one of bytes that mean nothing to it, and one that has just begun.

const ENTRIES = Array.from({ length: 300 }, (_, i) => utf8(`entry ${i} of somebody else`));

browserTests((browser) => {
  let plain: StoryLog;
  let fresh: StoryLog;
  test.before(async () => {
    plain = await serveOpaque(ENTRIES);
    fresh = await serveStory(begun({ op: { role: 'operator', roots: ['op1'], threshold: 1 } }, {}));
  });
  test.after(closeStories);

  const see = async (log: StoryLog, where: string, name: string, says: RegExp, look = WIDE) => {
    const { page, wrong } = await freshPage(browser(), log.url, look);
    await page.goto(where);
    await settled(page);
    await shoot(page, `${name}-${look.width}-${look.scheme}`);
    assert.match(await page.innerText('main'), says);
    assert.equal(await axeFinds(page), []);
    const [wide, view] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(wide <= view, `${name} is ${wide} wide in a window of ${view}`);
    assert.equal(wrong, []);
    return page;
  };

  test('a log of bytes: what it promises, its checkpoint, and a way to an entry', async () => {
    const page = await see(plain, '/', 'plain-overview', /does not read its entries[\s\S]*Entries\s+300/);
    assert.equal(await page.locator('nav a').allInnerTexts(), ['Overview', 'Entry', 'Witnesses']);
    await page.fill('#index', '299');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.outcome.good');
    await settled(page);
    assert.match(await page.innerText('main'), /entry\s298[\s\S]*This is the newest entry/);
    await page.context().close();
  });

  test('a log of bytes: an entry is proven, its bytes are shown, and what is not there is said', async () => {
    const page = await see(
      plain,
      '/#/entry/7',
      'plain-entry',
      /Proven\.[\s\S]*Which witnesses this log needs is not said/,
      NARROW,
    );
    await page.click('summary:has-text("Show them")');
    assert.match(await page.innerText('pre.raw'), /entry 7 of some/);
    assert.is(await page.locator('[data-step]').count(), 5);
    await page.context().close();
    const none = await freshPage(browser(), plain.url);
    await none.page.goto('/#/entry/300');
    await none.page.waitForSelector('.failure');
    assert.match(await none.page.innerText('main'), /NOT proven[\s\S]*There is no entry 300/);
    await none.page.context().close();
  });

  test('a log of bytes: witnesses, and no page that it has no answers for', async () => {
    await (await see(plain, '/#/witnesses', 'plain-witnesses', /not said in its entries[\s\S]*The log knows of none/))
      .context()
      .close();
    await (await see(plain, '/#/builds', 'plain-builds', /What this log promises/)).context().close();
  });

  const EMPTY: Record<string, RegExp> = {
    '/': /Nothing is contradicted[\s\S]*for 1 organisation\n/,
    '/#/where': /No process is declared/,
    '/#/builds': /No build is logged yet/,
    '/#/keys': /No key is enrolled yet[\s\S]*No event has needed/,
    '/#/supervision':
      /Nobody has attested[\s\S]*No attestation names[\s\S]*Nobody has read[\s\S]*Nothing was disclosed/,
    '/#/witnesses': /names no witnesses/,
    '/#/entry/1': /1 neighbour gives exactly[\s\S]*This is the newest entry/,
  };
  for (const [where, says] of Object.entries(EMPTY)) {
    test(`a log that has just begun: ${where} is empty with a word`, async () => {
      const name = `fresh${where.replace(/\W+/g, '-')}`;
      const page = await see(fresh, where, name, says, NARROW);
      const silent = await page
        .locator('.card')
        .evaluateAll((cards) => cards.filter((card) => card.children.length < 2).length);
      assert.is(silent, 0, 'cards without a word');
      await page.context().close();
    });
  }
});
