/** The rules that VOCABULARY.md leaves to monitors, in the order in which an entry is put before them. @module */
import { jurisdiction, repeated, twoDigests, unknownBuild } from './builds.ts';
import { keyEvent, looserPolicy, unexpectedKey } from './governance.ts';
import { watched } from './matches.ts';
import { review, toBeReviewed } from './reviews.ts';
import type { EntryRule } from './seen.ts';
import { lateReport, lyingClock, remember } from './time.ts';

export const ENTRY_RULES: readonly EntryRule[] = [
  watched,
  keyEvent,
  unexpectedKey,
  looserPolicy,
  unknownBuild,
  twoDigests,
  repeated,
  jurisdiction,
  review,
  toBeReviewed,
  lyingClock,
  lateReport,
  remember,
];

/** Those that need neither the registry nor what the log admitted: for a log whose past was not looked at. */
export const RULES_WITHOUT_PAST: readonly EntryRule[] = [
  watched,
  unexpectedKey,
  unknownBuild,
  twoDigests,
  repeated,
  lyingClock,
  lateReport,
  remember,
];
