/** The live proof check as it is shown: each step as it comes out, and the path to the root. What failed is said first. @module */
import { type ComponentChildren, h, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { type Checked, checkEntry, STEP_IDS, type Step, type StepId } from './check.ts';
import type { WebLog } from './log.ts';
import { Hash, Tag, type Tone } from './parts.ts';
import { PathTree } from './tree.ts';

const TITLES: Record<StepId, string> = {
  checkpoint: 'The log has signed its newest state',
  history: 'It is the history that you saw before',
  witnesses: 'Independent witnesses saw the same',
  entry: 'The entry itself',
  inclusion: 'The entry is in the tree',
  signature: 'Who made the statement',
  key: 'The key was good for it',
};
const TONES: Record<Step['state'], readonly [Tone, string]> = {
  waiting: ['quiet', 'waiting'],
  running: ['quiet', 'checking'],
  good: ['good', 'verified'],
  bad: ['bad', 'failed'],
  stopped: ['quiet', 'not reached'],
  none: ['quiet', 'nothing to check'],
};

/** The live proof check. What went wrong is said first, and loudly. */
export function Check({ log, index }: { log: WebLog; index: number }): JSX.Element {
  const [steps, setSteps] = useState<ReadonlyMap<StepId, Step>>(new Map());
  const [checked, setChecked] = useState<Checked | undefined>();
  const [done, setDone] = useState(false);
  const [run, setRun] = useState(0);
  useEffect(() => {
    let current = true;
    setSteps(new Map());
    setDone(false);
    void checkEntry(log, index, (step) => current && setSteps((all) => new Map([...all, [step.id, step]]))).then(
      (path) => {
        if (!current) return;
        setChecked(path);
        setDone(true);
      },
    );
    return () => {
      current = false;
    };
  }, [log, index, run]);
  const all = (log.isOpaque ? STEP_IDS.slice(0, -2) : STEP_IDS).map(
    (id): Step => steps.get(id) ?? { id, state: 'waiting', says: '', facts: [] },
  );
  return h('section', { class: 'card check', 'aria-label': 'Proof check' }, [
    h(
      'div',
      { class: 'checkhead' },
      h('h2', null, 'Proof check'),
      h('button', { type: 'button', class: 'small', onClick: () => setRun(run + 1), disabled: !done }, 'Check again'),
    ),
    h(Outcome, { done, steps: all }),
    h(
      'ol',
      { class: 'steps', role: 'list' },
      all.map((step) =>
        h(StepView, { step, key: step.id }, step.id === 'inclusion' && checked ? h(PathTree, { checked }) : null),
      ),
    ),
  ]);
}

function Outcome({ done, steps }: { done: boolean; steps: readonly Step[] }): JSX.Element {
  const bad = steps.find(({ state }) => state === 'bad');
  if (bad !== undefined) {
    return h('div', { class: 'outcome bad', role: 'alert' }, [
      h('strong', null, 'This entry is NOT proven. '),
      `${TITLES[bad.id]}: no. ${bad.says} `,
      'Do not rely on it. Tell the operator, and somebody who monitors this log, what you see here.',
    ]);
  }
  if (!done)
    return h('div', { class: 'outcome', role: 'status' }, 'Your browser fetches the pieces and checks them itself…');
  if (steps.some(({ state }) => state === 'stopped')) {
    return h('div', { class: 'outcome', role: 'status' }, [
      h('strong', null, 'Not proven yet: the log cannot be reached. '),
      'No check has failed, but not all could be made. Check again when the log answers, and do not rely on the entry before.',
    ]);
  }
  const isAlone = steps.some(({ id, state }) => id === 'witnesses' && state === 'none');
  return h('div', { class: 'outcome good', role: 'status' }, [
    h('strong', null, 'Proven. '),
    'Your browser fetched the pieces itself, and every check came out right.',
    isAlone ? ' No witness was asked whether everybody is shown the same log.' : null,
  ]);
}

function StepView({ step, children }: { step: Step; children?: ComponentChildren }): JSX.Element {
  const [tone, word] = TONES[step.state];
  return h('li', { class: `step ${step.state}`, 'data-step': step.id, 'data-state': step.state }, [
    h('div', { class: 'stephead' }, h('h3', null, TITLES[step.id]), h(Tag, { tone }, word)),
    step.says === '' ? null : h('p', null, step.says),
    step.facts.length === 0
      ? null
      : h(
          'details',
          { open: step.state === 'bad' },
          h('summary', null, 'What was hashed and compared'),
          h(
            'dl',
            { class: 'facts' },
            step.facts.flatMap(([name, value], i) => [
              h('dt', { key: `t${i}` }, name),
              h('dd', { key: `d${i}` }, /^[0-9a-f]{64}$/.test(value) ? h(Hash, { of: value }) : value),
            ]),
          ),
        ),
    children,
  ]);
}
