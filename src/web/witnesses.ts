/** Witnesses: who cosigned the newest checkpoint and when; and a comparison with a checkpoint from somewhere else. @module */
import { h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import { utf8 } from '../core/bytes.ts';
import { openCheckpoint } from '../core/cosignature.ts';
import { messageOf } from '../core/fault.ts';
import { NoteLink, type PageProps } from './app.ts';
import { cosignersOf, type Newest, type WebLog, type Witnessing } from './log.ts';
import { Ago, Card, EntryLink, Nothing, Show, Table, Tag, Time, Title, useLoad } from './parts.ts';
import { grouped, sentence } from './words.ts';

export function WitnessesPage({ log, newest }: PageProps): JSX.Element {
  const witnesses = useLoad(() => log.witnesses(), [log]);
  return h('div', null, [
    h(
      Title,
      { title: 'Witnesses' },
      'Witnesses sign only what continues the log they have seen. If the log told two people different stories, they would have to be in on it.',
    ),
    h(
      Card,
      { title: 'Who cosigned the newest checkpoint' },
      h(Show<Newest>, {
        of: newest,
        children: (head) =>
          h(Show<Witnessing>, { of: witnesses, children: (value) => h(Cosigned, { head, witnessing: value }) }),
      }),
    ),
    h('div', { class: 'grid two' }, [
      h(Compare, { log }),
      h(Card, { title: 'What this browser remembers' }, h(Remembered, { log, newest: newest.value })),
    ]),
  ]);
}

function Cosigned({ head: { note, checkpoint }, witnessing }: { head: Newest; witnessing: Witnessing }): JSX.Element {
  const { policy, quorum, vkeys } = witnessing;
  if (vkeys.length === 0)
    return h(Nothing, null, [
      'The policy in ',
      h(EntryLink, { index: policy.index }),
      ' names no witnesses. Until it does, compare checkpoints yourself, below, or ask whoever monitors this log.',
    ]);
  const all = cosignersOf(note, witnessing);
  const there = all.filter(({ time }) => time !== undefined).length;
  return h('div', null, [
    h('p', null, [
      h(Tag, { tone: there >= quorum ? 'good' : 'bad' }, `${there} of ${all.length}`),
      ` cosigned the tree of ${grouped(checkpoint.size)} entries. The policy in `,
      h(EntryLink, { index: policy.index }),
      ` asks for ${quorum}.`,
    ]),
    h(Table, {
      caption: 'Witnesses of this log',
      head: ['Witness', 'Newest checkpoint', 'Signed', 'Age', 'Key'],
      rows: all.map(({ name, time }, i) => {
        const at = time === undefined ? undefined : new Date(time * 1000).toISOString();
        return [
          name,
          at === undefined ? h(Tag, { tone: 'bad' }, 'not cosigned') : h(Tag, { tone: 'good' }, 'cosigned'),
          at === undefined ? '–' : h(Time, { at }),
          at === undefined ? '–' : h(Ago, { at }),
          h('code', null, vkeys[i]?.id),
        ];
      }),
    }),
  ]);
}

/** Gossip by hand: a checkpoint that somebody else was shown is held against this browser's. */
function Compare({ log }: { log: WebLog }): JSX.Element {
  const [result, setResult] = useState<{ good: boolean; says: string } | undefined>();
  const compare = async (event: SubmitEvent) => {
    event.preventDefault();
    const pasted = String(new FormData(event.target as HTMLFormElement).get('note'))
      .replaceAll('\r\n', '\n')
      .replace(/\n*$/, '\n');
    try {
      const { checkpoint } = openCheckpoint(utf8(pasted), log.vkeys);
      await log.agree(checkpoint);
      setResult({
        good: true,
        says: `It agrees: that tree of ${grouped(checkpoint.size)} entries and the one this browser knows are one history.`,
      });
    } catch (error) {
      setResult({
        good: false,
        says: `${sentence(messageOf(error))} If both checkpoints are signed by this log, keep both: together they prove that it told two stories.`,
      });
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
    result === undefined
      ? null
      : h(
          'p',
          { class: `outcome ${result.good ? 'good' : 'bad'}`, role: result.good ? 'status' : 'alert' },
          result.says,
        ),
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
