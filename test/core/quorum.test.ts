import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { concat, utf8 } from '../../src/core/bytes.ts';
import { formatCheckpoint } from '../../src/core/checkpoint.ts';
import { openCheckpoint, type Signed, signedMessage, toNoteSignature } from '../../src/core/cosignature.ts';
import { EMPTY_ROOT } from '../../src/core/hash.ts';
import {
  COSIGNATURE_ED25519,
  COSIGNATURE_MLDSA44,
  formatNote,
  formatVkey,
  NOTE_ED25519,
  type Vkey,
  vkeyOf,
} from '../../src/core/note.ts';
import { AHEAD, evaluate, explain, isMet } from '../../src/core/quorum.ts';
import { signerOf } from '../../src/core/signature.ts';
import { formatPolicy, type Policy, parsePolicy, policyKeys } from '../../src/core/tlogpolicy.ts';
import { faults } from '../check.ts';

const signer = (n: number) => signerOf('ed25519', new Uint8Array(32).fill(n));
const origin = 'log.example/policy';
const logKey = vkeyOf(origin, NOTE_ED25519, signer(1).key);
const otherLog = vkeyOf('other.example/log', NOTE_ED25519, signer(2).key);
const WITNESSES = 8;
const witnessKeys = Array.from({ length: WITNESSES }, (_, i) =>
  vkeyOf(`w${i}.example`, COSIGNATURE_ED25519, signer(10 + i).key),
);
const [a, b, c] = witnessKeys.map(formatVkey) as [string, string, string];
const LOG = `log ${formatVkey(logKey)}\n`;
const parse = (text: string) => parsePolicy(utf8(text));
const checkpoint = { origin, size: 0, root: EMPTY_ROOT };
const signedBy = (...keys: Vkey[]): Signed[] =>
  keys.map((vkey) => ({ vkey, time: vkey.type === NOTE_ED25519 ? undefined : 1000 }));

test('the shape of the example in the specification: two levels of groups', () => {
  const policy = parse(
    `${LOG}# six witnesses\n\nwitness X1 ${a}\nwitness X2 ${b} https://x2.example/\nwitness\tY1  ${c}\t\n` +
      ' \t# indented comment\ngroup X 2 X1 X2\n group Y any Y1\ngroup both all X Y\nquorum both\n',
  );
  assert.is(policy.witnesses[1]?.url, 'https://x2.example/');
  assert.equal(
    policy.groups.map(({ threshold }) => threshold),
    [2, 1, 2],
  );
  const [x1, x2, y1] = witnessKeys as [Vkey, Vkey, Vkey];
  assert.ok(evaluate(policy, { checkpoint, signed: signedBy(logKey, x1, x2, y1) }).met);
  for (const short of [[x1, x2], [x1, y1], [y1], []]) {
    assert.not.ok(evaluate(policy, { checkpoint, signed: signedBy(logKey, ...short) }).met);
  }
  assert.equal(explain(policy, evaluate(policy, { checkpoint, signed: signedBy(logKey, x1, y1) })), [
    `signed by the log ${origin}`,
    'quorum not met: it is all of (all of (X1, X2), all of (Y1))',
    'cosigned by X1 at 1970-01-01T00:16:40.000Z',
    'cosigned by Y1 at 1970-01-01T00:16:40.000Z',
    'no cosignature by X2',
  ]);
});

// Each wrong in one way, with the line that is told.
const WRONG: readonly (readonly [string, string, number | undefined])[] = [
  ['no quorum line', LOG, undefined],
  ['nothing at all', '', undefined],
  ['two quorum lines', 'quorum none\nquorum none\n', 2],
  ['no last newline', `${LOG}quorum none`, 2],
  ['a carriage return', 'quorum none\r\n', 1],
  ['a DEL', 'quorum none\n# \x7f\n', 2],
  ['a NUL', 'quorum none\n# \0\n', 2],
  ['an unknown keyword', 'quorum none\nlogs x\n', 2],
  ['a keyword in capitals', 'Quorum none\n', 1],
  ['a comment behind a line', 'quorum none # nobody\n', 1],
  ['a log without a key', 'log\nquorum none\n', 1],
  ['a log with too much', `log ${formatVkey(logKey)} https://log.example x\nquorum none\n`, 1],
  ['a log twice', `${LOG}${LOG}quorum none\n`, 2],
  ['a log key under another name', `${LOG}log ${formatVkey(vkeyOf('x', NOTE_ED25519, logKey.key))}\nquorum none\n`, 2],
  ['a log with a witness key', `log ${a}\nquorum none\n`, 1],
  ['a witness with a log key', `witness w ${formatVkey(logKey)}\nquorum none\n`, 1],
  ['a witness without a name', `witness ${a}\nquorum none\n`, 1],
  ['a witness with too much', `witness w ${a} https://w.example x\nquorum none\n`, 1],
  ['a witness key that is damaged', `witness w ${a.slice(0, -4)}AAAA\nquorum none\n`, 1],
  ['a witness key twice', `witness w ${a}\nwitness v ${a}\nquorum none\n`, 2],
  ['a witness name twice', `witness w ${a}\nwitness w ${b}\nquorum none\n`, 2],
  ['a witness called none', `witness none ${a}\nquorum none\n`, 1],
  ['a group with the name of a witness', `witness w ${a}\ngroup w any w\nquorum none\n`, 2],
  ['a group called none', `witness w ${a}\ngroup none any w\nquorum none\n`, 2],
  ['a group of nobody', 'group g any\nquorum none\n', 1],
  ['a group without a rule', 'group g\nquorum none\n', 1],
  ['a group of 0', `witness w ${a}\ngroup g 0 w\nquorum none\n`, 2],
  ['a group of 01', `witness w ${a}\ngroup g 01 w\nquorum none\n`, 2],
  ['a group of more than there are', `witness w ${a}\ngroup g 2 w\nquorum none\n`, 2],
  ['a group with a rule that is no number', `witness w ${a}\ngroup g most w\nquorum none\n`, 2],
  ['a group that names itself', `witness w ${a}\ngroup g any w g\nquorum none\n`, 2],
  ['a group before its member', `group g any w\nwitness w ${a}\nquorum none\n`, 1],
  ['a group with none', 'group g any none\nquorum none\n', 1],
  ['a member twice', `witness w ${a}\ngroup g any w w\nquorum none\n`, 2],
  ['a member of two groups', `witness w ${a}\ngroup g any w\ngroup h any w\nquorum none\n`, 3],
  ['a quorum of nobody', 'quorum\n', 1],
  ['a quorum of two', `witness w ${a}\nwitness v ${b}\nquorum w v\n`, 3],
  ['a quorum that is not defined', `witness w ${a}\nquorum v\n`, 2],
  ['a quorum before its witness', `quorum w\nwitness w ${a}\n`, 1],
];

for (const [what, text, line] of WRONG) {
  test(`refused: ${what}`, () => {
    const { message } = faults('bad-policy', () => parse(text));
    if (line !== undefined) assert.match(message, new RegExp(`^line ${line} of the policy`));
  });
}

test('names are compared octet by octet; comments may be any octets', () => {
  const kelvin = '\u212a';
  const policy = parse(`witness K ${a}\nwitness ${kelvin} ${b}\nwitness a\u00a0b ${c}\nquorum ${kelvin}\n`);
  assert.equal(
    policy.witnesses.map(({ name }) => name),
    ['K', kelvin, 'a\u00a0b'],
  );
  assert.ok(isMet(policy, new Set([kelvin])));
  assert.not.ok(isMet(policy, new Set(['K'])));
  parsePolicy(concat(utf8('# '), Uint8Array.of(0xff, 0xfe, 0x0a), utf8('quorum none\n')));
});

test('a policy of 32 logs, 32 witnesses and 32 nested groups is read, 257 lines of a kind are not', () => {
  const key = (n: number, type: typeof NOTE_ED25519 | typeof COSIGNATURE_ED25519) =>
    formatVkey(vkeyOf(`n${n}`, type, signerOf('ed25519', new Uint8Array(32).fill(n + 1)).key));
  const count = [...Array(32).keys()];
  const policy = parse(
    [
      ...count.map((n) => `log ${key(n, NOTE_ED25519)}`),
      ...count.map((n) => `witness w${n} ${key(n, COSIGNATURE_ED25519)}`),
      ...count.map((n) => `group g${n} all w${n}${n > 0 ? ` g${n - 1}` : ''}`),
      'quorum g31\n',
    ].join('\n'),
  );
  const everyone = count.map((n) => `w${n}`);
  assert.ok(isMet(policy, new Set(everyone)));
  assert.not.ok(isMet(policy, new Set(everyone.slice(1))));
  const many = Array.from({ length: 257 }, (_, n) => `group g${n} any ${n === 0 ? 'w' : `g${n - 1}`}\n`).join('');
  faults('bad-policy', () => parse(`witness w ${a}\n${many}quorum w\n`));
});

test('one listed log is enough, and it must be the one that the checkpoint names', () => {
  const two = parse(`${LOG}log ${formatVkey(otherLog)}\nquorum none\n`);
  assert.is(evaluate(two, { checkpoint, signed: signedBy(logKey) }).log, logKey);
  assert.not.ok(evaluate(two, { checkpoint, signed: signedBy(otherLog) }).met, 'another log signed this origin');
  const none = parse(`witness w ${a}\nquorum w\n`);
  assert.ok(evaluate(none, { checkpoint, signed: signedBy(logKey, ...witnessKeys) }).met);
  assert.not.ok(evaluate(none, { checkpoint, signed: signedBy(...witnessKeys) }).met, 'no log signed it');
  const namesake = parse(`witness w ${formatVkey(vkeyOf(origin, COSIGNATURE_ED25519, signer(3).key))}\nquorum w\n`);
  assert.not.ok(evaluate(namesake, { checkpoint, signed: signedBy(...policyKeys(namesake)) }).met);
});

test('cosignatures that are too old or from the future do not count, and the newest of one witness does', () => {
  const policy = parse(`${LOG}witness w ${a}\nquorum w\n`);
  const at = (...times: number[]) => {
    const signed = [...signedBy(logKey), ...times.map((time) => ({ vkey: witnessKeys[0] as Vkey, time }))];
    return evaluate(policy, { checkpoint, signed }, { now: 100_000, max: 3600 });
  };
  assert.ok(at(96_400).met);
  assert.is(at(96_399).missing[0]?.why, 'too-old');
  assert.ok(at(100_000 + AHEAD).met);
  assert.is(at(100_001 + AHEAD).missing[0]?.why, 'in-the-future');
  assert.is(at(1, 99_000, 5).counted[0]?.time, 99_000);
  assert.is(at().missing[0]?.why, 'absent');
  const old = [...signedBy(logKey), { vkey: witnessKeys[0] as Vkey, time: 1 }];
  assert.ok(evaluate(policy, { checkpoint, signed: old }).met, 'without an age they count');
});

test('over real signatures: a log with both kinds of key, and one witness with both', () => {
  const quantum = signerOf('mldsa44', new Uint8Array(32).fill(77));
  const keys = [
    { vkey: logKey, signer: signer(1) },
    { vkey: witnessKeys[0] as Vkey, signer: signer(10) },
    { vkey: vkeyOf('w0.example', COSIGNATURE_MLDSA44, quantum.key), signer: quantum },
  ];
  const text = formatCheckpoint(checkpoint);
  const signatures = keys.map((key) =>
    toNoteSignature(key.vkey, key.signer.sign(signedMessage(key.vkey, text, 500)), 500),
  );
  const policy = parse(
    `${LOG}witness old ${a}\nwitness new ${formatVkey(keys[2]?.vkey as Vkey)}\ngroup w all old new\nquorum w\n`,
  );
  const opened = openCheckpoint(utf8(formatNote({ text, signatures })), policyKeys(policy));
  assert.equal(
    evaluate(policy, opened).counted.map(({ witness, time }) => [witness.name, time]),
    [
      ['old', 500],
      ['new', 500],
    ],
  );
  const without = openCheckpoint(utf8(formatNote({ text, signatures: signatures.slice(0, 2) })), policyKeys(policy));
  assert.not.ok(evaluate(policy, without).met);
});

// The slow model: what sets of witnesses satisfy a name, written out from the definition.
type Tree = { readonly name: string; readonly threshold?: number; readonly members?: readonly Tree[] };

function satisfied(tree: Tree, cosigned: ReadonlySet<string>): boolean {
  if (!tree.members) return cosigned.has(tree.name);
  const choices = subsets(tree.members).filter((choice) => choice.length === tree.threshold);
  return choices.some((choice) => choice.every((member) => satisfied(member, cosigned)));
}

function subsets<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  const rest = subsets(items.slice(1));
  return [...rest, ...rest.map((some) => [items[0] as T, ...some])];
}

/** Random forests over the witnesses: groups take some of what is not yet in a group. */
const policies = fc
  .record({
    witnesses: fc.integer({ min: 1, max: WITNESSES }),
    groups: fc.array(fc.record({ take: fc.infiniteStream(fc.boolean()), threshold: fc.nat() }), { maxLength: 6 }),
    quorum: fc.nat(),
  })
  .map(({ witnesses, groups, quorum }) => {
    const trees: Tree[] = Array.from({ length: witnesses }, (_, i) => ({ name: `w${i}` }));
    let free = [...trees];
    for (const [n, { take, threshold }] of groups.entries()) {
      const members = free.filter(() => take.next().value);
      if (members.length === 0) continue;
      const group = { name: `g${n}`, threshold: 1 + (threshold % members.length), members };
      free = [...free.filter((tree) => !members.includes(tree)), group];
      trees.push(group);
    }
    const policy: Policy = {
      logs: [{ vkey: logKey, url: 'https://log.example/' }],
      witnesses: witnessKeys.slice(0, witnesses).map((vkey, i) => ({ name: `w${i}`, vkey })),
      groups: trees.flatMap(({ name, threshold, members }) =>
        members && threshold ? [{ name, threshold, members: members.map((member) => member.name) }] : [],
      ),
      quorum: (trees[quorum % trees.length] as Tree).name,
    };
    return { policy, tree: trees[quorum % trees.length] as Tree };
  });

test('property: a policy comes back from its file, whatever spaces and comments are put in', () => {
  fc.assert(
    fc.property(policies, fc.constantFrom(' ', '\t', ' \t '), fc.boolean(), ({ policy }, space, comments) => {
      const text = formatPolicy(policy);
      assert.equal(parse(text), policy);
      const spaced = text
        .replaceAll(' ', space)
        .replaceAll('\n', `${space}\n${comments ? `${space}# \u00fc\n\n` : ''}`);
      assert.equal(parse(spaced), policy);
      assert.is(formatPolicy(parse(spaced)), text);
    }),
  );
});

test('property: the quorum holds exactly where the slow model says so', () => {
  fc.assert(
    fc.property(policies, fc.integer({ min: 0, max: 2 ** WITNESSES - 1 }), ({ policy, tree }, bits) => {
      const there = witnessKeys.filter((_, i) => Math.floor(bits / 2 ** i) % 2 === 1);
      const verdict = evaluate(policy, { checkpoint, signed: signedBy(logKey, ...there) });
      const names = policy.witnesses.filter(({ vkey }) => there.includes(vkey)).map(({ name }) => name);
      assert.is(verdict.met, satisfied(tree, new Set(names)));
      assert.equal(
        verdict.counted.map(({ witness }) => witness.name),
        names,
      );
      assert.is(verdict.missing.length, policy.witnesses.length - names.length);
    }),
    { numRuns: 2000 },
  );
});

test('property: arbitrary bytes are a policy or a fault', () => {
  const word = fc.constantFrom(
    'log',
    'witness',
    'group',
    'quorum',
    'none',
    'any',
    'all',
    '1',
    'w',
    'v',
    a,
    b,
    ' ',
    '\n',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.array(word).map((words) => utf8(`${words.join(' ')}\n`)),
      ),
      (bytes) => {
        try {
          const policy = parsePolicy(bytes);
          assert.equal(parse(formatPolicy(policy)), policy);
        } catch (error) {
          faults('bad-policy', () => {
            throw error;
          });
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test.run();
