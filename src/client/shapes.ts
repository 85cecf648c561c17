/** The shapes of what a log answers when it is asked about files and places, for `answer.ts` to read. @module */
import { isSize } from '../core/size.ts';
import type { AllAttested, Attested } from '../registry/attested.ts';
import type { Corrected, Grounds } from '../registry/ledger.ts';
import type { BuildVerdict, Verdict } from '../registry/verdict.ts';
import { isFlag, isList, isMap, isText, isWord, type Members, maybe } from './answer.ts';

export const isIndexes = isList(isSize);

export const isCorrections = isList(isMap<Corrected>({ wrong: isSize, correction: isSize }));

export const GROUNDS: Members<Grounds> = {
  proven: isList(isMap({ says: isText, entries: isIndexes })),
  asserted: isList(isMap({ says: isText, size: isSize })),
};

export const isAttested = isMap<AllAttested>({
  attestations: isList(
    isMap<Attested>({
      index: isSize,
      issuer: isText,
      claim: isWord<Attested['claim']>(),
      verdict: isWord<Attested['verdict']>(),
      of: isIndexes,
      withdrawnBy: maybe(isSize),
    }),
  ),
  more: isFlag,
});

const isBuild = isMap<BuildVerdict>({
  verdict: isWord<BuildVerdict['verdict']>(),
  why: isText,
  keyId: maybe(isText),
  madeBy: isIndexes,
  compromise: maybe(isMap({ index: isSize, by: isIndexes, since: isSize })),
  reportsProposed: isIndexes,
  stateNow: maybe(isText),
  index: isSize,
  issuer: isText,
  kid: isText,
  names: isList(isText),
  product: isText,
  version: isText,
  site: maybe(isMap({ site: isText, country: isText, declaredBy: isSize })),
  source: isList(isMap({ uri: isText, reviews: isIndexes })),
  reviews: isIndexes,
  withdrawals: isIndexes,
  replacedBy: isIndexes,
  attested: isAttested,
});

/** A verdict, without the entries that it cites. */
export const VERDICT: Members<Verdict> = {
  ...GROUNDS,
  digest: isText,
  size: isSize,
  verdict: isWord<Verdict['verdict']>(),
  withdrawn: isFlag,
  contradicted: isFlag,
  builds: isList(isBuild),
  next: maybe(isSize),
  corrections: isCorrections,
};
