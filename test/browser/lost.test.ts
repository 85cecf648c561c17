import type { Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { axeFinds, browserTests, freshPage, type Look, NARROW, settled, shoot, WIDE } from './browser.ts';
import { tellStory } from './story.ts';
import { closeStories, type StoryLog, serveStory } from './storylog.ts';

// A log that cannot be reached is no liar: the pages say so calmly, accuse nobody, and go on when it is there again.

type Away = (page: Page) => Promise<unknown>;
const AWAY: Record<string, Away> = {
  'the connection is down': (page) => page.context().setOffline(true),
  'the log is being restarted': (page) =>
    page.route(/\/(?:v1|checkpoint|tile|gossip|web)\b/, (route) => route.fulfill({ status: 502, body: 'bad gateway' })),
};
const back: Away = async (page) => {
  await page.context().setOffline(false);
  await page.unroute(/\/(?:v1|checkpoint|tile|gossip|web)\b/);
};

browserTests((browser) => {
  let story: StoryLog;
  test.before(async () => {
    story = await serveStory(tellStory());
  });
  test.after(closeStories);

  const opened = async (where: string, look: Look = WIDE) => {
    const { page } = await freshPage(browser(), story.url, look);
    await page.goto(where);
    await settled(page);
    return page;
  };
  /** What the page must say of it, and what it must not. */
  const calm = async (page: Page, shown: RegExp) => {
    await page.waitForSelector('.lost');
    await page.waitForFunction(() => document.querySelector('.loading') === null);
    assert.match(
      await page.innerText('.lost'),
      /The log cannot be reached[\s\S]* since \d+ \w+ \d+, [\s\S]*no check has failed/,
    );
    assert.match(await page.innerText('.lost'), shown);
    assert.is(await page.locator('.alarm, [role="alert"]').count(), 0, 'nobody is accused');
    assert.not.match(await page.innerText('body'), /[Dd]o not trust|NOT proven|Something is wrong/);
  };

  for (const [name, away] of Object.entries(AWAY)) {
    test(`${name}: what was shown stays, the next page says why it is not there, and comes when it is`, async () => {
      const page = await opened('/');
      await away(page);
      await page.click('nav a:text-is("Keys")');
      await calm(page, /What you still see here was fetched and checked by \d+ \w+ \d+, /);
      await page.click('.lost button');
      await page.waitForSelector('.lost .hint:has-text("no answer")');
      await back(page);
      await page.click('.lost button');
      await page.waitForSelector('table a:text-is("acme/rules-zurich")');
      assert.is(await page.locator('.lost').count(), 0);
      await page.context().close();
    });
  }

  test('a log that was restarted while a reader looked at it: the newest checkpoint cannot be had', async () => {
    for (const look of [WIDE, NARROW, { ...WIDE, scheme: 'dark' as const }, { ...NARROW, scheme: 'light' as const }]) {
      const page = await opened('/', look);
      await page.route(/\/(?:checkpoint|v1\/(?!log))/, (route) => route.fulfill({ status: 503, body: 'starting' }));
      await page.reload();
      await calm(page, /This browser verified the log last \d+ \w+ \d+, \d\d:\d\d, with \d+ entries/);
      await shoot(page, `lost-${look.width}-${look.scheme}`);
      assert.equal(await axeFinds(page), []);
      await page.context().close();
    }
  });

  test('a log that says what keeps it from working: it stands above every page, and accuses nobody', async () => {
    const says = 'no quorum of witnesses since 2026-11-27: entries are logged and answered 202';
    for (const look of [WIDE, NARROW]) {
      const { page, wrong } = await freshPage(browser(), story.url, look);
      await page.route(/\/v1\/log$/, async (route) => {
        const answer = await route.fetch();
        await route.fulfill({ response: answer, json: { ...(await answer.json()), trouble: says } });
      });
      await page.goto('/');
      await settled(page);
      assert.match(await page.innerText('.lost'), /No quorum of witnesses since 2026-11-27/);
      await page.click('nav a:text-is("Keys")');
      await page.waitForSelector('table a:text-is("acme/rules-zurich")');
      assert.is(await page.locator('.lost').count(), 1);
      assert.is(await page.locator('.alarm, [role="alert"]').count(), 0);
      await shoot(page, `trouble-${look.width}-${look.scheme}`);
      assert.equal([await axeFinds(page), wrong], [[], []]);
      await page.context().close();
    }
  });

  test('an answer that is none, from whoever stands before the log, is told as that', async () => {
    const told = async (path: RegExp, body: string, where: string) => {
      const { page } = await freshPage(browser(), story.url, NARROW);
      await page.route(path, (route) => route.fulfill({ status: 200, body }));
      await page.goto(where);
      await page.waitForSelector('text=the answer of the log is no JSON object');
      await page.context().close();
    };
    for (const body of ['<html>busy</html>', '7', '{"origin":"log.example/1","vkeys":"none"}']) {
      await told(/\/v1\/log/, body, '/');
    }
    for (const body of ['<html>busy</html>', 'null', '{"rows":{},"size":1}', '{"rows":[null],"size":1}']) {
      await told(/\/v1\/builds/, body, '/#/builds');
    }
    const digest = `sha256:${'0'.repeat(64)}`;
    await told(/\/v1\/verdict/, '{}', `/#/builds?digest=${digest}`);
    await told(/\/v1\/keys/, '{}', '/#/keys');
    await told(/\/v1\/keys/, '{}', '/');
    await told(/\/v1\/promises/, '{}', '/');
    await told(/\/v1\/promises/, '{"promises":[{}],"entries":[]}', '/#/where');
    await told(/\/v1\/residency/, '{"entries":[]}', '/#/where?process=acme/samples&country=US&on=2021-06-01');
    const builds = (await (await fetch(`${story.url}/v1/builds?limit=1`)).json()) as { rows: [{ index: number }] };
    await told(/\/v1\/keys/, '{}', `/#/entry/${builds.rows[0].index}`);
  });

  test('at a first visit there is nothing to show, and the page says so', async () => {
    const { page } = await freshPage(browser(), story.url, NARROW);
    await page.route(/\/v1\//, (route) => route.abort());
    await page.goto('/');
    await calm(page, /Nothing could be fetched yet/);
    await shoot(page, 'lost-first');
    assert.equal(await axeFinds(page), []);
    await page.unroute(/\/v1\//);
    await page.click('.lost button');
    await page.waitForSelector('dd.big');
    await page.context().close();
  });

  test('a proof check that is cut off has not failed, and has not come out right either', async () => {
    for (const cut of [/\/tile\//, /\/checkpoint$/, /\/v1\/entries\?kind=policy/, /\/v1\/keys/]) {
      const page = await opened('/#/keys');
      await page.route(cut, (route) => route.abort());
      await page.goto('/#/entry/20');
      await page.reload();
      await page.waitForSelector('.outcome:has-text("Not proven yet: the log cannot be reached")');
      assert.is(await page.locator('.outcome.good, .outcome.bad, [data-state="bad"]').count(), 0, String(cut));
      if (cut.source.includes('tile')) await shoot(page, 'lost-check');
      await page.context().close();
    }
  });

  test('a checkpoint that fails its check stays loud, also while other requests get no answer', async () => {
    const page = await opened('/');
    await page.route(/\/v1\/(?!log)/, (route) => route.abort());
    await page.route(/\/checkpoint$/, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: (await response.text()).replace(/\n(\d+)\n/, '\n7\n') });
    });
    await page.reload();
    await page.waitForSelector('.alarm:has-text("Do not trust this log right now")');
    await page.context().close();
  });
});
