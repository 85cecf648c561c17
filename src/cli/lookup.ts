/** `limmat lookup rebuild`: makes what lookups find entries by anew, from the entries of a log. @module */
import { Command } from 'commander';
import { parseCheckpoint } from '../core/checkpoint.ts';
import { Fault } from '../core/fault.ts';
import { parseNote } from '../core/note.ts';
import { Catalogue } from '../lookup/catalogue.ts';
import { removeDatabase } from '../store/database.ts';
import { openPostings } from '../store/postings.ts';
import { openStore } from '../store/sqlite.ts';
import { logDirectory } from './logdir.ts';
import { proofsOf, sourceOf } from './openlookup.ts';
import { command, required, setting } from './options.ts';
import { print } from './print.ts';
import { progressBar } from './progress.ts';

export function makeCommand(): Command {
  const rebuild = command('rebuild', 'throw the lookup index away and make it anew; the server must not be running')
    .addOption(setting('--data <dir>', 'directory of the log'))
    .action(rebuildLookup);
  return new Command('lookup')
    .description('the index behind /v1: it holds nothing that the entries do not say')
    .addCommand(rebuild);
}

function rebuildLookup(options: { data?: string; json?: boolean }): void {
  const directory = logDirectory(required(options, 'data'));
  const store = openStore(directory.database, { readonly: true });
  if (store.identity().entries === 'opaque') throw new Fault('bad-request', 'an opaque log has nothing to look up');
  const published = store.published();
  if (!published) throw new Fault('bad-request', 'nothing is published yet: `limmat serve` publishes');
  const head = { ...parseCheckpoint(parseNote(published.note).text), note: published.note };
  removeDatabase(directory.lookup);
  const postings = openPostings(directory.lookup);
  const tree = proofsOf(store, head);
  const catalogue = new Catalogue({ log: sourceOf(store), postings, tree: () => tree }, head.size);
  const bar = progressBar('indexing', head.size, options.json);
  while (catalogue.advance(head.size)) bar.update(catalogue.size);
  bar.stop();
  postings.close();
  store.close();
  print(options.json, { index: directory.lookup, entries: catalogue.size });
}
