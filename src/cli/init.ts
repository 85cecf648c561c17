/** `limmat init`: makes a log, and never overwrites one. @module */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { MessageChannel } from 'node:worker_threads';
import { type Command, Option } from 'commander';
import { fromUtf8, toHex, utf8 } from '../core/bytes.ts';
import { decodeStatement } from '../core/cose.ts';
import { Fault } from '../core/fault.ts';
import { leafHash } from '../core/hash.ts';
import { formatVkey, isKeyName, type Vkey } from '../core/note.ts';
import { SEED_BYTES, type Signer, signerOf } from '../core/signature.ts';
import { type FromLog, OfferBox, type ToLog } from '../log/channel.ts';
import type { EntryMode } from '../log/ports.ts';
import { Replay } from '../monitor/replay.ts';
import { toJson } from '../registry/json.ts';
import { closeAfterError } from '../store/close.ts';
import { createFile } from '../store/durable.ts';
import { createGuardFile } from '../store/guardfile.ts';
import { createKeyFile, readKeyFile } from '../store/keyfile.ts';
import type { TokenConfig } from '../store/pkcs11.ts';
import { createSeed, seedKeyring } from '../store/seed.ts';
import { createStore } from '../store/sqlite.ts';
import { firstHeartbeat, firstPolicy, type GenesisParts, signGenesis } from './genesis.ts';
import { keepToken, keepVkeys, keyringOf, keysToPin, makeTokenKeys, readToken } from './keyring.ts';
import { type LogDirectory, logDirectory } from './logdir.ts';
import { allOrNothing, type Make } from './making.ts';
import { runLog } from './openlog.ts';
import { command, required, setting } from './options.ts';
import { print } from './print.ts';
import { readBytes, readMap } from './readinput.ts';
import { commandLine } from './shell.ts';

export function makeCommand(): Command {
  return command('init', 'make a new log: its keys, its database, its guard and its first checkpoint')
    .addOption(setting('--data <dir>', 'directory of the log; made if it is not there'))
    .addOption(
      setting('--origin <name>', 'name of the log, like log.example/builds: the first line of each checkpoint'),
    )
    .addOption(
      setting('--guard <file>', 'journal of signed heads, outside of the data and its backups (default: DIR.guard)'),
    )
    .addOption(
      new Option('--entries <kind>', 'what the log holds').choices(['statements', 'opaque']).default('statements'),
    )
    .addOption(setting('--operator <id>', 'organisation id of who runs the log').default('operator'))
    .addOption(setting('--operator-key <file>', "the operator's root key (default: a new one is made)"))
    .addOption(
      setting('--policy <file>', 'YAML or JSON with fields of the first policy, such as further organisations'),
    )
    .addOption(
      setting(
        '--token <file>',
        'keep the Ed25519 and P-256 keys in the PKCS#11 token that this file names, YAML or JSON',
      ),
    )
    .option('--draft', 'write the seed and the unsigned first policy only, for a ceremony elsewhere')
    .option('--genesis <file>', 'complete a draft with its policy, signed elsewhere')
    .action(init);
}

type Options = {
  data?: string;
  origin?: string;
  guard?: string;
  entries: EntryMode;
  operator: string;
  operatorKey?: string;
  policy?: string;
  token?: string;
  draft?: boolean;
  genesis?: string;
  json?: boolean;
};

async function init(options: Options): Promise<void> {
  const origin = required(options, 'origin');
  if (!isKeyName(origin) || utf8(origin).length > 255) {
    throw new Fault('bad-request', `"${origin}" cannot be an origin: it has no spaces, no plus and at most 255 bytes`);
  }
  const directory = logDirectory(required(options, 'data'), options.guard);
  if (options.entries === 'opaque' && (options.draft || options.genesis)) {
    throw new Fault('bad-request', 'an opaque log has no policy, so there is no --draft and no --genesis of it');
  }
  if (options.genesis && options.token) throw new Fault('bad-request', 'the draft has decided about a --token already');
  refuseTaken(directory, options);
  const token = options.token === undefined ? undefined : readToken(options.token);
  const keys = { directory, origin, token, seed: new Uint8Array(randomBytes(SEED_BYTES)) };
  if (options.draft) {
    await draft(options, keys);
    return;
  }
  const operator = options.entries === 'opaque' || options.genesis ? undefined : operatorKey(options);
  const entries = await begin(options, keys, async (logKey) =>
    options.entries === 'opaque' ? [] : firstEntries(options, origin, logKey, operator?.signer),
  );
  const operatorFile = operator?.seed && `${directory.data}/operator-key.pem`;
  const vkeys = await allOrNothing(async (make) => {
    if (!options.genesis) keepKeys(keys, make);
    if (operatorFile) make(operatorFile, (path) => createKeyFile(path, 'ed25519', operator.seed as Uint8Array));
    make(directory.guard, createGuardFile);
    make(directory.database, (path) => createStore(path, { origin, entries: options.entries }));
    const made = await publishFirst(directory, entries);
    const pinned = keysToPin(directory, made);
    const others = made.filter((vkey) => !pinned.includes(vkey));
    if (others.length > 0) make(directory.softwareVkey, (path) => keepVkeys(path, others));
    make(directory.vkeys, (path) => keepVkeys(path, pinned));
    return pinned;
  });
  const genesis = entries[0] && toHex(leafHash(entries[0]));
  report(options, {
    origin,
    data: directory.data,
    guard: directory.guard,
    token: existsSync(directory.token) ? directory.token : undefined,
    operatorKey: operatorFile,
    genesis,
    vkeys: vkeys.map(formatVkey),
  });
}

type Keys = {
  readonly directory: LogDirectory;
  readonly origin: string;
  /** Where the keys are made that can be in a token. */
  readonly token: TokenConfig | undefined;
  /** Makes the others, or all. */
  readonly seed: Uint8Array;
};

/**
 * Composes what a log begins with, which names its statement key. Nothing is written, and no key made in a token, before
 * all that was given is known to be good: so there it is composed with another key first.
 */
async function begin<T>(
  { genesis }: Options,
  { directory, origin, token, seed }: Keys,
  compose: (logKey: Signer) => Promise<T>,
): Promise<T> {
  const drafted = genesis ? keyringOf(directory, origin) : seedKeyring(seed);
  const composed = await compose(drafted.signer('statement-ed25519', 0));
  drafted.close();
  if (!token) return composed;
  const keyring = makeTokenKeys(token, origin);
  try {
    const made = await compose(keyring.signer('statement-ed25519', 0));
    keyring.close();
    return made;
  } catch (error) {
    closeAfterError(keyring);
    throw error;
  }
}

function keepKeys({ directory, token, seed }: Keys, make: Make): void {
  mkdirSync(directory.data, { recursive: true, mode: 0o700 });
  make(directory.seed, (path) => createSeed(path, seed));
  if (token) make(directory.token, (path) => keepToken(path, token));
}

function refuseTaken({ data, ...files }: LogDirectory, { genesis }: Options): void {
  const { database, guard, vkeys, softwareVkey, seed, token } = files;
  const taken = [database, guard, vkeys, softwareVkey, ...(genesis ? [] : [seed, token])].find(existsSync);
  if (!taken) return;
  let next = 'choose another --data';
  if (existsSync(draftIn(data)) && !existsSync(guard)) next = 'it is a draft, which --genesis FILE completes';
  // The last that is made.
  else if (!existsSync(vkeys))
    next += `; if an init was cut off here and nobody uses the log, remove ${data} and ${guard}`;
  throw new Fault('bad-request', `${taken} exists; init never overwrites a log: ${next}`);
}

function draftIn(data: string): string {
  return `${data}/genesis.json`;
}

/** The operator's key: from the file that is given, or a new one with the seed that is to be kept. */
function operatorKey(options: Options): { signer: Signer; seed?: Uint8Array } {
  if (options.operatorKey) return { signer: readKeyFile(options.operatorKey) };
  const seed = new Uint8Array(randomBytes(SEED_BYTES));
  return { signer: signerOf('ed25519', seed), seed };
}

/** Entries 0 and 1: the policy, made here or in a ceremony, and the first heartbeat; as the rules admit them. */
async function firstEntries(
  options: Options,
  origin: string,
  logKey: Signer,
  operator: Signer | undefined,
): Promise<Uint8Array[]> {
  const genesis = operator
    ? signGenesis({ ...genesisParts(options, origin, logKey), operatorKey: operator })
    : decodeStatement(readBytes(options.genesis as string)).entry;
  const entries = [genesis, firstHeartbeat(genesis, origin, logKey, new Date())];
  const [wrong] = await new Replay((index) => entries[index] as Uint8Array).take(0, entries);
  if (wrong) throw new Fault('refused', `${wrong.place}: ${wrong.message}`);
  return entries;
}

function readFields(file: string): GenesisParts['fields'] {
  try {
    return readMap(file);
  } catch (error) {
    const isTlogPolicy = /^(?:log|witness|group|quorum)\s/m.test(fromUtf8(readBytes(file), 'bad-request'));
    if (!isTlogPolicy) throw error;
    throw new Fault(
      'bad-request',
      `${file} is a tlog-policy, which says whose cosignatures a checkpoint needs: give it to \`limmat serve --policy\`. ` +
        '`init --policy` takes fields of the first policy entry, in YAML or JSON',
    );
  }
}

function genesisParts(options: Options, origin: string, logKey: Signer): GenesisParts {
  const fields = options.policy ? readFields(options.policy) : {};
  return { origin, operator: options.operator, operatorKey: undefined, logKey, fields };
}

/** Makes the keys, and writes the policy that the operator signs elsewhere with a key that is not needed here. */
async function draft(options: Options, keys: Keys): Promise<void> {
  const { directory, origin } = keys;
  const operator = options.operatorKey ? readKeyFile(options.operatorKey) : undefined;
  const policy = await begin(options, keys, async (logKey) =>
    firstPolicy({ ...genesisParts(options, origin, logKey), operatorKey: operator }),
  );
  const file = draftIn(directory.data);
  const text = `${JSON.stringify(toJson('policy', policy), null, 2)}\n`;
  await allOrNothing((make) => {
    keepKeys(keys, make);
    make(file, (path) => createFile(path, utf8(text)));
  });
  const said = { file, issuer: options.operator, key: 'OPERATOR.pem', audience: origin };
  const signing = commandLine('limmat sign policy', { ...said, out: 'genesis.cose' });
  const completing = commandLine('limmat init', {
    data: options.data,
    guard: options.guard,
    origin,
    genesis: 'genesis.cose',
  });
  print(options.json, { draft: file, next: `${signing}\n${completing}` });
}

/** Opens the log as `serve` will, until its first checkpoint is published. Answers its vkeys. */
async function publishFirst(directory: LogDirectory, entries: readonly Uint8Array[]): Promise<readonly Vkey[]> {
  const { port1, port2 } = new MessageChannel();
  let vkeys: readonly Vkey[] = [];
  let failure: Error | undefined;
  const stop = () => port2.postMessage({ type: 'stop' } satisfies ToLog);
  port2.on('message', (message: FromLog) => {
    if (message.type === 'ready') vkeys = message.keys.vkeys;
    if (message.type === 'frozen') failure = new Fault('frozen', message.reason);
    const refused = message.type === 'answers' ? message.faults[0] : undefined;
    if (refused) failure = new Fault('refused', refused.fault.message, { rule: refused.fault.rule ?? 'genesis' });
    if (message.type === 'published' || failure) stop();
  });
  if (entries.length > 0) {
    const box = new OfferBox();
    for (const [i, entry] of entries.entries()) box.put(i, { entry, id: decodeStatement(entry).id, verified: false });
    port2.postMessage(box.take());
  }
  const options = { directory, publicUrl: 'http://localhost', export: undefined, reserve: 0, acceptClockStep: false };
  try {
    await runLog(port1, options);
  } finally {
    port2.close(); // also of a log that did not open: a port that listens would keep this process from ending
  }
  if (failure) throw failure;
  return vkeys;
}

type Made = {
  origin: string;
  data: string;
  guard: string;
  token: string | undefined;
  operatorKey: string | undefined;
  genesis: string | undefined;
  vkeys: string[];
};

function report(options: Options, made: Made): void {
  if (options.json) {
    print(true, made);
    return;
  }
  console.log(`Made the log ${made.origin} in ${made.data}.

Clients pin these keys (also in ${made.data}/log.vkey):
${made.vkeys.map((vkey) => `  ${vkey.length > 120 ? `${vkey.slice(0, 120)}…` : vkey}`).join('\n')}
${made.genesis ? `and the leaf hash of entry 0, the first policy:\n  ${made.genesis}\n` : ''}
Keep ${made.data}/seed secret: whoever has it ${made.token ? 'has the ML-DSA-44 key, which is in no token; its public half is in log-mldsa44.vkey there, for nobody who rests on the token' : 'can sign as this log'}.
${made.operatorKey ? `Move ${made.operatorKey} off this machine: it signs policies, and the server does not need it.\n` : ''}Leave ${made.guard} out of every backup: it is what keeps a restored database from lying.

Next: ${commandLine('npx limmat serve', { data: made.data, guard: options.guard, listen: '127.0.0.1:8080' })}`);
}
