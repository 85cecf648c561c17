/** Options that commands share, and their order: configuration file, then environment, then flags; later wins. @module */
import { Command, Help, Option } from 'commander';
import { Fault } from '../core/fault.ts';
import type { Json } from '../registry/json.ts';
import { EXIT_CODES } from './exit.ts';
import { readMap } from './readinput.ts';

/** A command with `--json`, `--config` and the exit codes in its help. */
export function command(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--json', 'print one JSON object instead of text')
    .addOption(setting('--config <file>', 'YAML or JSON file with any of these options by their long names'))
    .configureHelp({ optionDescription: describe })
    .addHelpText('after', `\n${EXIT_CODES}`)
    .hook('preAction', (_, self) => readConfig(self));
}

/** An option that the environment can set too: `--public-url` is LIMMAT_PUBLIC_URL. One that is empty there is not set. */
export function setting(flags: string, description: string): Option {
  const option = new Option(flags, description);
  const name = `LIMMAT_${option.name().replaceAll('-', '_').toUpperCase()}`;
  // commander would take what is empty for a value, before one of the configuration file.
  return process.env[name] === '' ? option : option.env(name);
}

/** That nothing was given is the default of each option that can be given often: there it is not told. */
function describe(option: Option): string {
  const isEmpty = Array.isArray(option.defaultValue) && option.defaultValue.length === 0;
  const told: Option = isEmpty ? Object.create(option, { defaultValue: { value: undefined } }) : option;
  return new Help().optionDescription(told);
}

/** Fills in what neither flag nor environment said from the configuration file. */
function readConfig(self: Command): void {
  const { config } = self.opts<{ config?: string }>();
  if (config === undefined) return;
  const values = readMap(config);
  const known = new Map(self.options.map((option) => [option.long?.slice(2), option]));
  for (const [name, value] of Object.entries(values)) {
    const option = known.get(name);
    if (!option) throw new Fault('bad-request', `${config}: there is no option "${name}" here`);
    const source = self.getOptionValueSource(option.attributeName());
    if (source === 'cli' || source === 'env') continue;
    self.setOptionValueWithSource(option.attributeName(), fromConfig(option, value, config), 'config');
  }
}

/** A value as the command line would have given it: true and false for switches, text or a list of texts for others. */
function fromConfig(option: Option, value: Json, config: string): unknown {
  if (option.isBoolean()) {
    if (typeof value === 'boolean') return value;
    throw new Fault('bad-request', `${config}: ${option.name()} is true or false`);
  }
  const texts = (Array.isArray(value) ? value : [value]).map((item: Json) => {
    if (typeof item === 'string' || typeof item === 'number') return String(item);
    throw new Fault('bad-request', `${config}: ${option.name()} is a text or a number`);
  });
  if (Array.isArray(option.defaultValue)) return texts;
  const [text, ...more] = texts;
  if (text === undefined || more.length > 0) throw new Fault('bad-request', `${config}: ${option.name()} is one value`);
  if (option.argChoices && !option.argChoices.includes(text)) {
    throw new Fault('bad-request', `${config}: ${option.name()} is one of ${option.argChoices.join(', ')}`);
  }
  return text;
}

/** The value of an option that must be given somewhere. */
export function required(options: Record<string, unknown>, name: string): string {
  const value = options[name];
  if (typeof value === 'string' && value !== '') return value;
  throw missing(name);
}

/** The fault of an option that was given nowhere. */
export function missing(name: string): Fault {
  const long = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return new Fault(
    'bad-request',
    `--${long} is missing (or LIMMAT_${long.replaceAll('-', '_').toUpperCase()}, or ${long} in --config)`,
  );
}

/** A number of at least 0. */
export function parseNumber(name: string, text: string, least = 0): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= least) return value;
  throw new Fault('bad-request', `--${name} takes a number of at least ${least}, not "${text}"`);
}

/** The --url of a command that needs one. */
export function requiredUrl(options: Record<string, unknown>): string {
  return parseBaseUrl('--url', required(options, 'url'));
}

/** The URL below which a log is, without a slash at its end. `option` is for the message. */
export function parseBaseUrl(option: string, text: string): string {
  const url = text.replace(/\/+$/, '');
  if (/^https?:\/\/[^?#\s]+$/.test(url) && URL.canParse(url)) return url;
  const what = `${option} is an http or https URL such as https://log.example, not "${text.slice(0, 100)}"`;
  throw new Fault('bad-request', what);
}

/** HOST:PORT, with [::1]:8000 for IPv6. `option` is for the message. */
export function parseListen(text: string, option = '--listen'): { host: string; port: number } {
  const [, host, port] = /^(\[[0-9a-fA-F:.]+\]|[^:]+):([0-9]{1,5})$/.exec(text) ?? [];
  if (host === undefined || port === undefined || Number(port) > 65_535) {
    throw new Fault('bad-request', `${option} takes HOST:PORT, such as 127.0.0.1:8080, not "${text}"`);
  }
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}
