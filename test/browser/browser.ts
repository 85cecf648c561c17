/** Headless Chromium for tests of the pages; what it sees is kept to be looked at in the folder that SHOTS names. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { test } from 'uvu';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const { SHOTS } = process.env;
/** Nothing that would talk to anybody but the server of the test. */
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Tests that need a browser: where there is none, the file says so and has one test that it was skipped. */
export function browserTests(define: (browser: () => Browser) => void): void {
  if (!existsSync(EXECUTABLE)) {
    console.log(`skipped: there is no browser at ${EXECUTABLE}; apt-get install chromium, or set CHROMIUM`);
    test('skipped without a browser', () => {});
    test.run();
    return;
  }
  let browser: Browser | undefined;
  test.before(async () => {
    browser = await chromium.launch({ executablePath: EXECUTABLE, args: QUIET });
  });
  test.after(async () => {
    await browser?.close();
  });
  define(() => browser as Browser);
  test.run();
}

export type Look = { readonly width: number; readonly scheme: 'light' | 'dark' };
export const WIDE: Look = { width: 1280, scheme: 'light' };
export const NARROW: Look = { width: 390, scheme: 'dark' };

/** What a page did that it should not: errors, refusals by its policy, requests to anybody else. */
export type Watched = { readonly page: Page; readonly wrong: string[] };

/** A fresh browser that has never seen the log, unless a context's state says otherwise. */
export async function freshPage(
  browser: Browser,
  url: string,
  look = WIDE,
  more: BrowserContextOptions = {},
): Promise<Watched> {
  const context = await browser.newContext({
    viewport: { width: look.width, height: 900 },
    colorScheme: look.scheme,
    timezoneId: 'Europe/Zurich',
    locale: 'en-GB',
    baseURL: url,
    ...more,
  });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const watched: Watched = { page, wrong: [] };
  page.on('pageerror', (error) => watched.wrong.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') watched.wrong.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !/^(?:blob|data):/.test(request.url()))
      watched.wrong.push(`asked ${request.url()}`);
  });
  return watched;
}

/** Shows a page in another look, which to a page is its styles alone. */
export async function lookAs(page: Page, { width, scheme }: Look): Promise<void> {
  await page.setViewportSize({ width, height: 900 });
  await page.emulateMedia({ colorScheme: scheme });
}

/** A browser that has seen one log, and is then shown another in its place. */
export async function visited(browser: Browser, seen: string, shown: string): Promise<Watched> {
  const watched = await freshPage(browser, seen);
  await watched.page.goto('/');
  await settled(watched.page);
  await watched.page.route(/\/(?:checkpoint|tile|v1|entries|gossip)\b/, async (route) => {
    const url = new URL(route.request().url());
    await route.fulfill({ response: await route.fetch({ url: shown + url.pathname + url.search }) });
  });
  await watched.page.goto('about:blank');
  return watched;
}

/** Waits until nothing on the page is being loaded or checked any more. */
export async function settled(page: Page): Promise<void> {
  await page.waitForSelector('main h1');
  await page.waitForLoadState('networkidle');
  await page.waitForFunction(
    () => document.querySelector('.loading, [data-state="running"], [data-state="waiting"]') === null,
  );
}

/** Nothing where nobody will look: a picture takes a fifth of a second. */
export async function shoot(page: Page, name: string): Promise<void> {
  if (SHOTS === undefined) return;
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds wrong with a page as it is shown. */
export async function axeFinds(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const found = await axe.run();
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  });
}
