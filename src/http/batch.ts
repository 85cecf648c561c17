/** What a batch is, of statements or of opaque entries: a CBOR sequence of byte strings, and its bounds. @module */
import { type Ask, mediaType } from './route.ts';

export const BATCH_TYPE = 'application/cbor-seq';
export const MAX_BATCH = 256;
export const MAX_BATCH_BYTES = 4 * 1024 * 1024;

export const isBatch = (ask: Ask): boolean => mediaType(ask.header('content-type')) === BATCH_TYPE;
