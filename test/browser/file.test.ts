import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { browserTests, freshPage, settled, shoot } from './browser.ts';
import { LAST_GOOD, rulesFile, tellStory } from './story.ts';
import { closeStories, type StoryLog, serveStory } from './storylog.ts';

// A file is dropped on the page or chosen: it is hashed there, and nothing but its hash leaves the browser.

browserTests((browser) => {
  let story: StoryLog;
  test.before(async () => {
    story = await serveStory(tellStory());
  });
  test.after(closeStories);

  const cases: [name: string, content: Uint8Array, verdict: string, says: RegExp][] = [
    ['good', rulesFile(20), 'valid', /Signed and logged[\s\S]*redo confirms[\s\S]*Proven in your browser/],
    ['tainted', rulesFile(LAST_GOOD + 1), 'tainted', /Do not use it[\s\S]*compromised since entry/],
    ['withdrawn', rulesFile(71), 'tainted', /withdrawn/],
    ['stranger', new Uint8Array(200_000).fill(7), 'unlogged', /Not logged[\s\S]*The log’s word/],
    ['empty', new Uint8Array(0), 'unlogged', /Not logged/],
  ];
  for (const [name, content, verdict, says] of cases) {
    test(`a file that is ${name}`, async () => {
      const { page, wrong } = await freshPage(browser(), story.url);
      const sent: string[] = [];
      page.on('request', (request) => sent.push(`${request.method()} ${request.postData() ?? ''}`.trim()));
      await page.goto('/#/builds');
      await settled(page);
      await page.setInputFiles('#file', {
        name: `${name}.cab`,
        mimeType: 'application/octet-stream',
        buffer: Buffer.from(content),
      });
      await page.waitForSelector('[data-verdict]');
      await settled(page);
      assert.is(await page.getAttribute('[data-verdict]', 'data-verdict'), verdict);
      assert.match(await page.innerText('main'), says);
      assert.ok(sent.length > 3 && sent.every((line) => line === 'GET'), 'nothing but questions was sent');
      assert.equal(wrong, []);
      await shoot(page, `file-${name}`);
      await page.context().close();
    });
  }

  test('a file that is dropped', async () => {
    const { page } = await freshPage(browser(), story.url);
    await page.goto('/#/builds');
    await settled(page);
    const transfer = await page.evaluateHandle(
      (bytes) => {
        const data = new DataTransfer();
        data.items.add(new File([Uint8Array.from(bytes)], 'rules-5.cab'));
        return data;
      },
      [...rulesFile(5)],
    );
    await page.dispatchEvent('.drop', 'dragover', { dataTransfer: transfer });
    await page.waitForSelector('.drop.over');
    await page.dispatchEvent('.drop', 'drop', { dataTransfer: transfer });
    await page.waitForSelector('[data-verdict="valid"]');
    assert.match(await page.innerText('.drop'), /rules-5\.cab, 26 bytes, was hashed here/);
    // The chain of deltas is a way from build to build.
    await settled(page);
    await page.click('a:text-is("rules-4.cab")');
    await page.waitForSelector('h2:has-text("2019.01.04")');
    await page.context().close();
  });

  test('a verdict that cites an entry without its proof, or a build that does not list the file, is not shown', async () => {
    for (const [change, says] of [
      [(answer: { entries: unknown[] }) => ({ ...answer, entries: answer.entries.slice(1) }), /gives no proof of it/],
      [
        (answer: { builds: { index: number }[] }) => ({
          ...answer,
          builds: answer.builds.map((build) => ({ ...build, index: 0 })),
        }),
        /gives no proof|does not list it/,
      ],
    ] as const) {
      const { page } = await freshPage(browser(), story.url);
      await page.route(/\/v1\/verdict/, async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, body: JSON.stringify(change((await response.json()) as never)) });
      });
      await page.goto('/#/builds');
      await page.setInputFiles('#file', {
        name: 'rules',
        mimeType: 'application/octet-stream',
        buffer: Buffer.from(rulesFile(20)),
      });
      await page.waitForSelector('.failure[role="alert"]');
      assert.match(await page.innerText('.failure'), says);
      assert.is(await page.locator('[data-verdict]').count(), 0);
      await page.context().close();
    }
  });
});
