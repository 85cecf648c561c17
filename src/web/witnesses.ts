/**
 * Witnesses and monitors: who cosigned which checkpoint and when, what speaks against the log, and a comparison with a
 * checkpoint from somewhere else. @module
 */
import { type ComponentChildren, h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import { utf8 } from '../core/bytes.ts';
import { openCheckpoint } from '../core/cosignature.ts';
import { messageOf } from '../core/fault.ts';
import { parseNote, type Vkey } from '../core/note.ts';
import { EvidenceCard, ForkFound } from './accusation.ts';
import type { PageProps } from './app.ts';
import { Fork } from './fork.ts';
import { type Cosigner, cosignersOf, type Newest, type WebLog, type Witnessing } from './log.ts';
import { Ago, Card, EntryLink, NoteLink, Nothing, Show, Table, Tag, Time, Title, useLoad } from './parts.ts';
import { grouped, sentence } from './words.ts';

export function WitnessesPage({ log, newest }: PageProps): JSX.Element {
  const witnesses = useLoad(() => (log.isOpaque ? new Promise<never>(() => {}) : log.witnesses()), [log]);
  return h('div', null, [
    h(
      Title,
      { title: 'Witnesses and monitors' },
      'Witnesses sign only what continues the log they have seen. If the log told two people different stories, they would have to be in on it. Monitors read every entry, and compare the log that they are shown with that of others.',
    ),
    h(
      Card,
      { title: 'Who cosigned the newest checkpoint' },
      h(Show<Newest>, {
        of: newest,
        children: (head) =>
          log.isOpaque
            ? h(Unnamed, { log, head })
            : h(Show<Witnessing>, {
                of: witnesses,
                children: (value) => h(Cosigned, { log, head, witnessing: value }),
              }),
      }),
    ),
    h(EvidenceCard, { log }),
    h('div', { class: 'grid two' }, [
      h(Compare, { log }),
      h(Card, { title: 'What this browser remembers' }, h(Remembered, { log, newest: newest.value })),
    ]),
  ]);
}

/** A log whose entries name no witnesses: only the lines under its checkpoint can be told. */
const Unnamed = ({ log, head }: { log: WebLog; head: Newest }): JSX.Element =>
  h('div', null, [
    h(
      Nothing,
      null,
      'Which witnesses this log needs is not said in its entries: ask its operator for the policy file, and check with limmat verify.',
    ),
    h(Others, { names: strangersOn(head.note, log.vkeys) }),
  ]);

function Cosigned({ log, head, witnessing }: { log: WebLog; head: Newest; witnessing: Witnessing }): JSX.Element {
  const { note, checkpoint } = head;
  const { policy, quorum, vkeys } = witnessing;
  const all = cosignersOf(note, vkeys);
  const there = all.filter(({ time }) => time !== undefined).length;
  // One that is missing now may have cosigned shortly before.
  const before = useLoad(
    async () => (there === all.length ? [] : cosignersOfAny(await log.before(checkpoint.size), vkeys)),
    [log, note],
  );
  const others = strangersOn(note, [...log.vkeys, ...vkeys]);
  if (vkeys.length === 0)
    return h('div', null, [
      h(Nothing, null, [
        'The policy in ',
        h(EntryLink, { index: policy.index }),
        ' names no witnesses. Until it does, compare checkpoints yourself, below, or ask whoever monitors this log.',
      ]),
      h(Others, { names: others }),
    ]);
  return h('div', null, [
    h('p', null, [
      h(Tag, { tone: there >= quorum ? 'good' : 'bad' }, `${there} of ${all.length}`),
      ` cosigned the tree of ${grouped(checkpoint.size)} entries. The policy in `,
      h(EntryLink, { index: policy.index }),
      ` asks for ${quorum}.`,
    ]),
    h(Table, {
      caption: 'Witnesses of this log',
      head: ['Witness', 'Newest checkpoint', 'Cosigned last', 'When', 'Age', 'Key'],
      rows: all.map((one, i) => [
        one.name,
        one.time === undefined ? h(Tag, { tone: 'bad' }, 'not cosigned') : h(Tag, { tone: 'good' }, 'cosigned'),
        ...lastOf(one.time === undefined ? before.value?.[i] : one, before.value === undefined),
        h('code', null, vkeys[i]?.id),
      ]),
    }),
    h(Others, { names: others }),
    h(
      'p',
      { class: 'hint' },
      'A log is not told who monitors it, so monitors cannot be listed here: anybody can be one, with limmat monitor.',
    ),
  ]);
}

/** What a witness cosigned last, when, and how long ago that is. */
function lastOf({ size, time }: Partial<Cosigner> = {}, isPending: boolean): ComponentChildren[] {
  if (time === undefined) return [isPending ? '…' : 'nothing lately', '–', '–'];
  const at = new Date(time * 1000).toISOString();
  return [`${grouped(size ?? 0)} entries`, h(Time, { at }), h(Ago, { at })];
}

/** The newest of some checkpoints that each witness cosigned; newest first they are given. */
function cosignersOfAny(notes: readonly Uint8Array[], vkeys: readonly Vkey[]): (Cosigner | undefined)[] {
  const each = notes.map((note) => cosignersOf(note, vkeys));
  return vkeys.map((_, i) => each.map((all) => all[i]).find((one) => one?.time !== undefined));
}

/** Names with a line in the note that no key here can check. */
function strangersOn(note: Uint8Array, known: readonly Vkey[]): string[] {
  const lines = parseNote(note).signatures.filter(
    ({ name, id }) => !known.some((one) => one.name === name && one.id === id),
  );
  return [...new Set(lines.map(({ name }) => name))];
}

const Others = ({ names }: { names: readonly string[] }): JSX.Element | null =>
  names.length === 0
    ? null
    : h(
        'p',
        { class: 'hint' },
        `The checkpoint also has lines by ${names.join(', ')}, whose keys no entry of this log names: they were not checked here.`,
      );

/** Gossip by hand: a checkpoint that somebody else was shown is held against this browser's. */
function Compare({ log }: { log: WebLog }): JSX.Element {
  const [result, setResult] = useState<{ says: string; error?: unknown } | undefined>();
  const compare = async (event: SubmitEvent) => {
    event.preventDefault();
    const pasted = String(new FormData(event.target as HTMLFormElement).get('note'))
      .replaceAll('\r\n', '\n')
      .replace(/\n*$/, '\n');
    try {
      const note = utf8(pasted);
      const { checkpoint } = openCheckpoint(note, log.vkeys);
      await log.agree({ ...checkpoint, note });
      const says = `It agrees: that tree of ${grouped(checkpoint.size)} entries and the one this browser knows are one history.`;
      setResult({ says });
    } catch (error) {
      setResult({ says: sentence(messageOf(error)), error });
    }
  };
  return h('section', { class: 'card', 'aria-label': 'Compare with somebody else' }, [
    h('h2', null, 'Compare with somebody else'),
    h('p', null, 'Paste the checkpoint that a colleague, a monitor or a witness was shown.'),
    h('form', { onSubmit: (event: SubmitEvent) => void compare(event) }, [
      h('label', { for: 'note' }, 'A signed checkpoint'),
      h('textarea', {
        id: 'note',
        name: 'note',
        rows: 6,
        required: true,
        spellcheck: false,
        placeholder: `${log.origin}\n1234\n…`,
      }),
      h('button', null, 'Compare'),
    ]),
    result === undefined ? null : h(Compared, { log, ...result }),
  ]);
}

function Compared({ log, says, error }: { log: WebLog; says: string; error?: unknown }): JSX.Element {
  const isGood = error === undefined;
  return h('div', { class: `outcome ${isGood ? 'good' : 'bad'}`, role: isGood ? 'status' : 'alert' }, [
    h('p', null, says),
    error instanceof Fork ? h(ForkFound, { log, fork: error }) : null,
  ]);
}

function Remembered({ log, newest }: { log: WebLog; newest: Newest | undefined }): JSX.Element {
  const { remembered } = log;
  return h('div', null, [
    remembered === undefined
      ? h('p', null, 'Before this visit: nothing.')
      : h('p', null, [
          'Before this visit: ',
          h(
            NoteLink,
            { note: remembered.note, name: `tree-${remembered.size}` },
            `the tree of ${grouped(remembered.size)} entries`,
          ),
          ', verified ',
          h(Time, { at: remembered.at }),
          '.',
        ]),
    newest === undefined
      ? null
      : h('p', null, [
          'Now: ',
          h(
            NoteLink,
            { note: newest.note, name: `tree-${newest.checkpoint.size}` },
            `the tree of ${grouped(newest.checkpoint.size)} entries`,
          ),
          '. Give it to others: if they were shown another one, it comes out.',
        ]),
  ]);
}
