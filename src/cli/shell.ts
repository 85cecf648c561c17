/** Commands as they are told to people, to be pasted into a POSIX shell. @module */

/** A command with its options; those that have no value are left out. */
export function commandLine(command: string, options: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(options).filter((option): option is [string, string] => option[1] !== undefined);
  return [command, ...given.map(([name, value]) => `--${name} ${quoted(value)}`)].join(' ');
}

/** A word, as it is where a shell leaves it so. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
