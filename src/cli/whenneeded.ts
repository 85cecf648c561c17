/**
 * Packages that only some calls of a command need, loaded then: the one for YAML has seventy files, which took a quarter
 * of the time in which any command starts. @module
 */
import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

export const yaml = () => load('yaml') as typeof import('yaml');
export const cliProgress = () => load('cli-progress') as typeof import('cli-progress');
