/** Starts the pages: finds out which log they are about, what this browser remembers of it, and shows them. @module */
import { h, render } from 'preact';
import { messageOf } from '../core/fault.ts';
import { App, AskLog } from './app.ts';
import { getter, jsonOf } from './fetch.ts';
import { WebLog } from './log.ts';
import { Memory } from './memory.ts';
import { Failure } from './parts.ts';

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
  try {
    const get = getter(base);
    const facts = jsonOf<ConstructorParameters<typeof WebLog>[3]>(await get('v1/log'));
    const log = new WebLog(get, base, new Memory(localStorage, base), facts, new Date());
    render(h(App, { log }), root);
  } catch (error) {
    render(h('main', { class: 'plain' }, h(Failure, { error: messageOf(error), again: () => void start() })), root);
  }
}

root.textContent = '';
void start();
