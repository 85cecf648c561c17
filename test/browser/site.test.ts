import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import mime from 'mime';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { folder } from '../folder.ts';
import { browserTests, freshPage, settled, shoot, WIDE } from './browser.ts';
import { tellStory } from './story.ts';
import { closeStories, type StoryLog, serveStory } from './storylog.ts';

// The pages as a site of its own, on a server that knows nothing of logs, reading one somewhere else.

const BUILD = join(import.meta.dirname, '../../tools/web/build.ts');

async function built(log: string): Promise<string> {
  const out = folder();
  const args = [
    '--conditions=source',
    '--import',
    'tsx',
    BUILD,
    '--static',
    '--out',
    out,
    ...(log === '' ? [] : ['--log', log]),
  ];
  await promisify(execFile)(process.execPath, args);
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site');
    const name = pathname === '/' ? 'index.html' : pathname.slice(1);
    response.setHeader('content-type', mime.getType(name) ?? 'text/plain').end(readFileSync(join(out, name)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

browserTests((browser) => {
  let story: StoryLog;
  test.before(async () => {
    story = await serveStory(tellStory());
  });
  test.after(closeStories);

  const elsewhere = (wrong: readonly string[]) => wrong.filter((line) => !line.startsWith(`asked ${story.url}`));

  test('reads the log that it was built for, and proves its entries', async () => {
    const { page, wrong } = await freshPage(browser(), await built(story.url), WIDE);
    await page.goto('/#/entry/20');
    await page.waitForSelector('.outcome.good');
    assert.match((await page.textContent('.trust')) ?? '', new RegExp(`${new URL(story.url).port}`));
    assert.equal(elsewhere(wrong), []);
    await page.context().close();
  });

  test('asks which log if it was built for none; what is wrong with an address is told', async () => {
    const site = await built('');
    const { page } = await freshPage(browser(), site, WIDE);
    await page.goto('/');
    await page.fill('#log', story.url);
    await page.click('button');
    await page.waitForURL(/\?log=/);
    await settled(page);
    assert.match(await page.innerText('main'), /Acme Security writes here/);
    await page.goto(`/?log=${encodeURIComponent('http://127.0.0.1:9')}`);
    await page.waitForSelector('.lost');
    await shoot(page, 'site-without-log');
    assert.match(await page.innerText('.lost'), /no answer from http:\/\/127\.0\.0\.1:9\/[\s\S]*address is new to you/);
    await page.context().close();
  });
});
