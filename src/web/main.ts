/** Starts the pages: finds out which log they are about, what this browser remembers of it, and shows them. @module */
import { h, render } from 'preact';
import { isList, isMap, isText, isWord, maybe } from '../client/answer.ts';
import { parseCheckpoint } from '../core/checkpoint.ts';
import { parseNote } from '../core/note.ts';
import { App, AskLog } from './app.ts';
import { getter, jsonOf } from './fetch.ts';
import { isUnreached, Line } from './line.ts';
import { type Facts, WebLog } from './log.ts';
import { Lost, type LostProps } from './lost.ts';
import { Memory } from './memory.ts';
import { Failure } from './parts.ts';

const isFacts = isMap<Facts>({
  origin: isText,
  vkeys: isList(isText),
  entries: maybe(isWord<'statements' | 'opaque'>()),
  trouble: maybe(isText),
});

const root = document.getElementById('app') as HTMLElement;
/** Empty where the log itself serves these pages; `ask` if no log is named. */
const named = document.querySelector<HTMLMetaElement>('meta[name="limmat-log"]')?.content ?? '';
// Only a static site reads another log than its own: a page of one log must not be made to speak for another.
const wanted = named === '' ? '' : (new URLSearchParams(location.search).get('log') ?? named);

async function start(): Promise<void> {
  if (wanted === 'ask') {
    render(h(AskLog, {}), root);
    return;
  }
  const base = new URL(wanted === '' ? './' : `${wanted.replace(/\/+$/, '')}/`, location.href).href;
  const line = new Line(getter(base), () => new Date());
  let memory: Memory | undefined;
  try {
    memory = new Memory(localStorage, base); // which a browser may refuse
    const facts = jsonOf(await line.get('v1/log'), isFacts);
    const log = new WebLog(line.get, base, memory, facts, new Date());
    render(h(App, { log, line, trouble: facts.trouble }), root);
  } catch (error) {
    const told = isUnreached(error)
      ? h(Lost, { line, base, remembered: rememberedIn(memory), isShown: false })
      : h(Failure, { error, again: () => void start() });
    render(h('main', { class: 'plain' }, h('h1', null, new URL(base).host), told), root);
  }
}

/** What this browser verified before; nothing if it kept nothing that can be read. */
function rememberedIn(memory: Memory | undefined): LostProps['remembered'] {
  try {
    const seen = memory?.seen;
    return seen && { ...seen, size: parseCheckpoint(parseNote(seen.note).text).size };
  } catch {
    return undefined;
  }
}

root.textContent = '';
void start();
