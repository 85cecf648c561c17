/** Says that the log cannot be reached: since when, what that means and does not mean, and what to do. @module */
import { type ComponentChildren, h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Line } from './line.ts';
import type { Seen } from './memory.ts';
import { Time } from './parts.ts';
import { grouped } from './words.ts';

export type LostProps = {
  readonly line: Line;
  /** Where the log should be. */
  readonly base: string;
  /** What this browser verified before this visit. */
  readonly remembered: (Seen & { readonly size: number }) | undefined;
  /** Whether a checkpoint was fetched and verified in this visit. */
  readonly isShown: boolean;
};

export function Lost({ line, base, remembered, isShown }: LostProps): JSX.Element {
  const [tried, setTried] = useState<Date | undefined>();
  const [isBusy, setBusy] = useState(false);
  const again = async () => {
    setBusy(true);
    try {
      await line.get('checkpoint');
      // All of it anew: a log that was restarted may have brought other pages.
      location.reload();
    } catch {
      setTried(new Date());
      setBusy(false);
    }
  };
  return h('div', { class: 'lost', role: 'status' }, [
    h(
      'div',
      { class: 'wide' },
      h('h2', null, 'The log cannot be reached'),
      h('p', null, [
        'There is no answer from ',
        h('code', null, base),
        ' since ',
        h(At, { date: line.since }),
        '. Either the connection is down, or the log is being restarted. That says nothing for or against what it holds: no check has failed.',
      ]),
      h('p', null, whatIsShown(line, remembered, isShown)),
      h(
        'p',
        null,
        'Check your connection and try again in a minute. If the log stays away while other sites answer, ask its operator.',
      ),
      h('p', { class: 'pager' }, [
        h('button', { type: 'button', onClick: again, disabled: isBusy }, isBusy ? 'Asking…' : 'Try again'),
        tried === undefined
          ? null
          : h('span', { class: 'hint' }, ['Asked again ', h(At, { date: tried }), ': no answer.']),
      ]),
    ),
  ]);
}

const At = ({ date }: { date: Date | undefined }): JSX.Element => h(Time, { at: (date ?? new Date()).toISOString() });

function whatIsShown(line: Line, remembered: LostProps['remembered'], isShown: boolean): ComponentChildren {
  if (isShown)
    return [
      'What you still see here was fetched and checked by ',
      h(At, { date: line.answered }),
      '; it may be older than the log.',
    ];
  if (remembered === undefined)
    return 'Nothing could be fetched yet, so nothing is shown. If the address is new to you, see whether it is right.';
  return [
    `This browser verified the log last `,
    h(Time, { at: remembered.at }),
    `, with ${grouped(remembered.size)} entries. It keeps that checkpoint, and will notice if the log comes back with another history.`,
  ];
}
