/** The shape of what a log answers when it is asked where data was. @module */
import { isFlag, isList, isMap, isText, isWord, maybe } from '../client/answer.ts';
import { GROUNDS, isAttested, isCorrections } from '../client/shapes.ts';
import { isSize } from '../core/size.ts';
import type { Phase } from '../registry/phases.ts';
import type { Moved, Place, Residency } from '../registry/residency.ts';
import { isRow, type Row } from './entry.ts';

/** Every entry that decides something comes with its proof. */
export type ProvenResidency = Residency & { readonly entries: readonly Row[] };

const isPlaces = isList(isMap<Place>({ site: isText, country: isText, presence: isWord<Place['presence']>() }));

const isMoved = isMap<Moved>({
  relocation: isText,
  dataCategories: isList(isText),
  phase: maybe(isWord<Phase>()),
  percent: maybe(isSize),
  places: isPlaces,
  access: isList(isMap({ country: isText, class: isText })),
  decidedBy: isList(
    isMap<Moved['decidedBy'][number]>({
      index: isSize,
      phase: isWord<Phase>(),
      said: isWord<'at the time' | 'later'>(),
      effectiveAt: isText,
      seen: isMap({ time: isText, word: isWord<'witnesses' | 'log'>() }),
      secondsLate: maybe(isSize),
    }),
  ),
  contradicted: isFlag,
  attested: isAttested,
});

export const isResidency = isMap<ProvenResidency>({
  ...GROUNDS,
  process: isText,
  country: isText,
  on: isText,
  size: isSize,
  places: isPlaces,
  relocations: isList(isMoved),
  more: isFlag,
  corrections: isCorrections,
  entries: isList(isRow),
});
