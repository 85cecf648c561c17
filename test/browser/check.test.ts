import type { Page, Route } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeStatement } from '../../src/core/cose.ts';
import { formatVkey, NOTE_ED25519, vkeyOf } from '../../src/core/note.ts';
import { signerOf } from '../../src/core/signature.ts';
import { ORIGIN, World } from '../registry/world.ts';
import { browserTests, freshPage, NARROW, settled, shoot, visited, type Watched, WIDE } from './browser.ts';
import { forkOf, tellStory } from './story.ts';
import { closeStories, type StoryLog, serveStory } from './storylog.ts';

// The proof check: good on true entries, and loud on every kind of tampering between the log and the browser.

const ENTRY = 20;
type Change = (body: Buffer) => Buffer | string;

/** Changes what the log answers for matching paths, as a proxy would. */
async function tamper(page: Page, path: string | RegExp, change: Change): Promise<void> {
  await page.route(path, async (route: Route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: change(await response.body()) });
  });
}

const flipped: Change = (body) => {
  const changed = Buffer.from(body);
  changed[Math.floor(changed.length / 3)] = (changed[Math.floor(changed.length / 3)] as number) ^ 1;
  return changed;
};
/** Flips a byte in the middle of one entry of a bundle, and leaves all lengths. */
const inEntry: (index: number) => Change = (index) => (body) => {
  const changed = Buffer.from(body);
  let at = 0;
  for (let i = 0; i < index; i++) at += 2 + changed.readUInt16BE(at);
  const middle = at + 2 + Math.floor(changed.readUInt16BE(at) / 2);
  changed[middle] = (changed[middle] as number) ^ 1;
  return changed;
};
const lines =
  (change: (lines: string[]) => string[]): Change =>
  (body) =>
    change(body.toString().split('\n')).join('\n');
/** Another first letter of base64 in a line. */
const another = (line: string, at: number): string =>
  `${line.slice(0, at)}${line[at] === 'A' ? 'B' : 'A'}${line.slice(at + 1)}`;

async function states(page: Page): Promise<Record<string, string>> {
  await page.waitForSelector('[data-step="key"][data-state]:not([data-state="waiting"], [data-state="running"])');
  const steps = await page.locator('[data-step]').all();
  const found = await Promise.all(
    steps.map(async (step) => [await step.getAttribute('data-step'), await step.getAttribute('data-state')]),
  );
  return Object.fromEntries(found) as Record<string, string>;
}

/** The page must say at once and aloud that the entry is not proven, and which step failed. */
async function failsAt(watched: Watched, step: string, says: RegExp, name: string): Promise<void> {
  const { page } = watched;
  const found = await states(page);
  await shoot(page, `tampered-${name}`);
  assert.is(found[step], 'bad', `${step} of ${JSON.stringify(found)}`);
  assert.match(await page.locator('.outcome[role="alert"]').innerText(), /This entry is NOT proven/);
  assert.match(await page.locator(`[data-step="${step}"]`).innerText(), says);
  assert.is(await page.locator('.outcome.good').count(), 0);
  await page.context().close();
}

browserTests((browser) => {
  let story: StoryLog;
  let world: World;
  test.before(async () => {
    world = tellStory();
    story = await serveStory(world);
  });
  test.after(closeStories);

  const open = async (more: Parameters<typeof freshPage>[3] = {}) => freshPage(browser(), story.url, WIDE, more);
  const goTo = (page: Page, index = ENTRY) => page.goto(`/#/entry/${index}`);

  test('true entries are proven: a policy, a clock, a root, an approval, a build, an attestation', async () => {
    const watched = await open();
    for (const index of [0, 1, 2, 3, ENTRY, 33, 98]) {
      await goTo(watched.page, index);
      await watched.page.waitForSelector(`h1:text-is("Entry ${index}")`);
      const found = await states(watched.page);
      assert.equal(
        found,
        {
          checkpoint: 'good',
          history: 'none',
          witnesses: 'good',
          entry: 'good',
          inclusion: 'good',
          signature: 'good',
          key: 'good',
        },
        `entry ${index}`,
      );
      assert.match(await watched.page.innerText('.outcome.good'), /Proven/);
    }
    assert.equal(watched.wrong, []);
    await watched.page.context().close();
  });

  test('at the next visit it is the history that was seen before; the drawing says so to those who do not see it', async () => {
    const watched = await open();
    await goTo(watched.page);
    await states(watched.page);
    await watched.page.reload();
    assert.is((await states(watched.page)).history, 'good');
    assert.match(
      (await watched.page.locator('.pathtree svg').getAttribute('aria-label')) ?? '',
      /8 neighbours.*which is the signed one/,
    );
    await shoot(watched.page, 'entry-seen-before');
    await watched.page.context().close();
  });

  test('what is taken away verifies elsewhere', async () => {
    const watched = await open();
    await goTo(watched.page);
    await settled(watched.page);
    const url = await watched.page.getAttribute('a:text-is("Transparent statement")', 'href');
    const statement = new Uint8Array(await (await fetch(url as string)).arrayBuffer());
    assert.equal(decodeStatement(statement).id, world.entries[ENTRY]?.statement.id);
    const proof = await fetch(
      (await watched.page.getAttribute('a:text-is("Proof for offline use")', 'href')) as string,
    );
    assert.match(await proof.text(), /^c2sp\.org\/tlog-proof@v1\n/);
    await watched.page.context().close();
  });

  const cases: [name: string, path: RegExp, change: Change, step: string, says: RegExp, entry?: number][] = [
    ['tile', /\/tile\/0\//, flipped, 'inclusion', /does not fold to the root/],
    ['bundle', /\/tile\/entries\//, inEntry(ENTRY), 'inclusion', /not what was logged/],
    ['short-tile', /\/tile\/0\//, (body) => body.subarray(32), 'inclusion', /bytes, not/],
    [
      'root',
      /\/checkpoint$/,
      lines((all) => all.map((line, i) => (i === 2 ? another(line, 0) : line))),
      'checkpoint',
      /does not verify/,
    ],
    [
      'size',
      /\/checkpoint$/,
      lines((all) => all.map((line, i) => (i === 1 ? String(Number(line) - 1) : line))),
      'checkpoint',
      /does not verify/,
    ],
    [
      'log-signature',
      /\/checkpoint$/,
      lines((all) => all.filter((line) => !line.startsWith(`— ${ORIGIN} `))),
      'checkpoint',
      /[Nn]o signature .* is by a given key/,
    ],
    [
      'one-log-signature',
      /\/checkpoint$/,
      lines((all) => all.filter((_, i) => i !== all.findIndex((line) => line.startsWith('— ')))),
      'checkpoint',
      /has not signed/,
    ],
    [
      'cosignature',
      /\/checkpoint$/,
      lines((all) => all.map((line) => (line.includes('aare') ? another(line, 70) : line))),
      'witnesses',
      /Only 1 of the 2/,
    ],
    [
      'no-cosignature',
      /\/checkpoint$/,
      lines((all) => all.filter((line) => !line.includes('witness.example'))),
      'witnesses',
      /Only 0 of the 2/,
    ],
    [
      'key-state',
      /\/v1\/keys\?/,
      (body) => body.toString().replace('"maySign":true', '"maySign":false'),
      'key',
      /might not sign/,
    ],
    [
      'key-entry',
      /\/v1\/entries\?kind=key/,
      (body) => body.toString().replace(/extra ([A-Za-z0-9+/]{90})./, 'extra $1A'),
      'signature',
      /./,
    ],
  ];
  for (const [name, path, change, step, says] of cases) {
    test(`fails loudly: ${name} changed on the way`, async () => {
      const watched = await open();
      await tamper(watched.page, path, change);
      await goTo(watched.page);
      await failsAt(watched, step, says, name);
    });
  }

  test('fails loudly: a log that let in a statement with a bad signature', async () => {
    const forged = new World();
    const last = world.entries.at(-1)?.statement.entry as Uint8Array;
    const changed = last.with(last.length - 40, (last.at(-40) as number) ^ 1);
    forged.entries.push(...world.entries.slice(0, -1), forged.entryOf(decodeStatement(changed), world.last));
    const watched = await freshPage(browser(), (await serveStory(forged, true)).url);
    await goTo(watched.page, world.last);
    await failsAt(watched, 'signature', /signature of the statement does not verify/, 'statement');
  });

  test('fails loudly: a key that was later reported compromised, back to before the entry', async () => {
    const tainted = world.entries.findLastIndex(({ statement }) => statement.sub.endsWith('detection-rules@71'));
    const watched = await open();
    await goTo(watched.page, tainted);
    await failsAt(watched, 'key', /later reported compromised.*see entry 182/, 'compromised');
  });

  test('an entry with a changed proof is not shown at all', async () => {
    const watched = await open();
    await tamper(watched.page, /\/v1\/entries\?after=19/, (body) =>
      body.toString().replace(/extra ([A-Za-z0-9+/]{90})./, 'extra $1A'),
    );
    await goTo(watched.page);
    await settled(watched.page);
    assert.match(await watched.page.innerText('.failure[role="alert"]'), /could not be shown/);
    assert.not.match(await watched.page.innerText('main'), /What it says/);
    await watched.page.context().close();
  });

  test('what an answer says beside its proof is not believed', async () => {
    const watched = await open();
    await tamper(watched.page, /\/v1\/sites/, (body) => body.toString().replaceAll('"country":"RU"', '"country":"DE"'));
    await watched.page.goto('/#/where');
    await settled(watched.page);
    const text = await watched.page.innerText('main');
    assert.match(text, /acme\/mow-1\s+Russia/);
    await watched.page.context().close();
  });

  test('other keys than the pinned ones are an alarm, and the pinned ones stay', async () => {
    const watched = await open();
    await watched.page.goto('/');
    await settled(watched.page);
    const offer = (change: (vkeys: string[], origin: string) => string[]) =>
      tamper(watched.page, /\/v1\/log$/, (body) => {
        const facts = JSON.parse(body.toString()) as { origin: string; vkeys: string[] };
        return JSON.stringify({ ...facts, vkeys: change(facts.vkeys, facts.origin) });
      });
    await offer((vkeys) => vkeys.slice(0, 1));
    await watched.page.reload();
    await settled(watched.page);
    assert.is(await watched.page.locator('.alarm').count(), 0, 'fewer of them are no other keys');
    const other = signerOf('ed25519', new Uint8Array(32).fill(99)).key;
    await offer(([first], origin) => [first as string, formatVkey(vkeyOf(origin, NOTE_ED25519, other))]);
    await watched.page.reload();
    await settled(watched.page);
    assert.match(
      await watched.page.innerText('.alarm[role="alert"]'),
      /Do not trust this log right now[\s\S]*other keys/,
    );
    assert.is(await watched.page.locator('.vkey').count(), 2);
    await watched.page.context().close();
  });

  test('a log that takes entries back is found out by who had seen them', async () => {
    const younger = await serveStory(firstOf(world, 150));
    const watched = await visited(browser(), story.url, younger.url);
    await goTo(watched.page);
    await watched.page.waitForSelector('.alarm[role="alert"]');
    await failsAt(watched, 'history', /verified a tree of 208 entries before. The log now shows 150/, 'taken-back');
  });

  test('a log that tells another story, signed with the same keys and cosigned, is found out by who had seen the first', async () => {
    const other = tellStory();
    // Longer than the first, and without one of its entries.
    other.clock('2022-09-02T00:00:00Z').clock('2022-09-03T00:00:00Z');
    const fork = await serveStory(forkOf(other));
    const watched = await visited(browser(), story.url, fork.url);
    await goTo(watched.page);
    await watched.page.waitForSelector('.alarm code.command');
    assert.match(await watched.page.innerText('.alarm'), /signed two histories/);
    await failsAt(watched, 'history', /is not the beginning of the tree of \d+, and both are signed/, 'fork');
  });

  test('the witnesses page compares a checkpoint from elsewhere', async () => {
    const fork = await serveStory(forkOf(tellStory()));
    const watched = await freshPage(browser(), story.url, NARROW);
    await watched.page.goto('/#/witnesses');
    await settled(watched.page);
    for (const [url, role, says] of [
      [story.url, 'status', /It agrees/],
      [fork.url, 'alert', /two different lists of|does not begin with them/],
    ] as const) {
      await watched.page.fill('#note', await (await fetch(`${url}/checkpoint`)).text());
      await watched.page.click('button:text-is("Compare")');
      await watched.page.waitForSelector(`form + .outcome[role="${role}"]`);
      assert.match(await watched.page.innerText('form + .outcome'), says);
    }
    await watched.page.context().close();
  });
});

function firstOf({ entries }: World, size: number): World {
  const world = new World();
  world.entries.push(...entries.slice(0, size));
  return world;
}
