import type { Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { browserTests, freshPage, settled, shoot } from './browser.ts';
import { tellStory } from './story.ts';
import { closeStories, type StoryLog, serveStory } from './storylog.ts';

// Long lists: the log answers with pages of two rows, as it does with 256 of a log that is long.

browserTests((browser) => {
  let story: StoryLog;
  test.before(async () => {
    story = await serveStory(tellStory());
  });
  test.after(closeStories);

  async function open(where: string): Promise<Page> {
    const { page } = await freshPage(browser(), story.url);
    await page.route(/\/v1\/.*limit=/, (route) => {
      const url = new URL(route.request().url());
      url.searchParams.set('limit', String(Math.min(2, Number(url.searchParams.get('limit')))));
      return route.continue({ url: url.href });
    });
    await page.goto(where);
    await settled(page);
    return page;
  }
  /** Presses a button until it is gone; answers how often. */
  async function pressed(page: Page, name: RegExp): Promise<number> {
    const button = page.getByRole('button', { name });
    for (let times = 0; ; times++) {
      await settled(page);
      if ((await button.count()) === 0) return times;
      await button.first().click();
      await page.waitForFunction(() => document.querySelector('button:disabled') === null);
    }
  }

  test('supervision: what contradicts comes first though it is on the last page; more is a button away', async () => {
    const page = await open('/#/supervision');
    const table = page.locator('[aria-label="Attestations"] table');
    assert.match(await table.locator('tbody tr').first().innerText(), /contradicts/);
    assert.is(await table.locator('tbody tr').count(), 3);
    await shoot(page, 'paging-supervision');
    assert.match(await page.innerText('main'), /2 are shown, and there are more/);
    await pressed(page, /^Show more attestations$/);
    assert.is(await table.locator('tbody tr').count(), 7);
    assert.match(await table.locator('tbody tr').first().innerText(), /contradicts/);
    await page.context().close();
  });

  test('keys and what happened to one of them', async () => {
    const page = await open('/#/keys');
    const rows = page.locator('[aria-label="All keys"] tbody tr');
    assert.is(await rows.count(), 2);
    assert.ok((await pressed(page, /^Show more keys$/)) >= 2);
    assert.is(await rows.count(), 6);
    await page.click('table a:text-is("acme/rules-moscow")');
    await page.waitForSelector('[aria-label="What happened to it"] .timeline');
    assert.is(await page.locator('[aria-label="What happened to it"] .timeline li').count(), 2);
    assert.ok((await pressed(page, /^Show more events$/)) >= 1);
    assert.ok((await page.locator('[aria-label="What happened to it"] .timeline li').count()) >= 4);
    await page.context().close();
  });

  test('where: all relocations, sites and processes are there, and promises page by page', async () => {
    const page = await open('/#/where?process=acme/samples&country=US&on=2021-06-01');
    await page.waitForSelector('[data-on="2021-06-01"]');
    assert.is(await page.locator('#process option').count(), 2);
    assert.match(await page.innerText('#country'), /Switzerland[\s\S]*United States/);
    assert.is(await page.locator('[aria-label="Sites"] tbody tr').count(), 3);
    assert.is(await pressed(page, /^Show more promises$/), 1);
    assert.is(await page.locator('[aria-label="Promises"] tbody tr').count(), 3);
    await page.context().close();
  });

  test('overview: alarms of every page, earlier entries, and which of the alarms is the log’s word', async () => {
    const page = await open('/');
    const alarms = await page.innerText('[aria-label="Open alarms"]');
    for (const one of [
      /contradicts/,
      /overdue[\s\S]*the log’s word/,
      /compromised[\s\S]*the log’s word/,
      /withdrew/,
      /corrected/,
    ])
      assert.match(alarms, one);
    const timeline = page.locator('[aria-label="Last entries"] .timeline li');
    const before = await timeline.count();
    await page.getByRole('button', { name: /^Show more of the earlier entries/ }).click();
    await page.waitForFunction(
      (count) => document.querySelectorAll('[aria-label="Last entries"] li').length > count,
      before,
    );
    await page.context().close();
  });

  test('an entry: all that was said about it', async () => {
    const page = await open('/#/entry/20');
    const said = page.locator('[aria-label="What was said about it"] li');
    assert.is(await said.count(), 2);
    assert.ok((await pressed(page, /^Show more entries$/)) >= 1);
    assert.ok((await said.count()) > 2);
    await page.context().close();
  });

  test('a page that fails keeps what was there, and can be tried again', async () => {
    const page = await open('/#/supervision');
    let broken = true;
    await page.route(/\/v1\/attestations.*after=/, (route) => (broken ? route.abort() : route.fallback()));
    await page
      .getByRole('button', { name: /^Show more attestations$/ })
      .first()
      .click();
    await page.waitForSelector('.unreached');
    assert.is(await page.locator('[aria-label="Attestations"] table').locator('tbody tr').count(), 3);
    broken = false;
    await page.click('.unreached button');
    await page.waitForFunction(() => document.querySelectorAll('[aria-label="Attestations"] tbody tr').length > 3);
    assert.is(await page.locator('.unreached, .lost').count(), 0);
    await page.context().close();
  });
});
