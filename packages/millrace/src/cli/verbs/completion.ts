import { Argument, type Command } from 'commander';
import { print } from '../terminal/output.ts';
import { example, type Verb } from './verb.ts';

/** For each command, the words that may follow it. */
type Words = ReadonlyMap<string, readonly string[]>;

const wordsOf = (command: Command, path: readonly string[]): [string, readonly string[]][] => {
  const words = [
    ...command.commands.map((child) => child.name()),
    ...command.options.flatMap(({ long }) => (long === undefined || long === null ? [] : [long])),
    '--help',
  ];
  return [
    [path.join(' '), words],
    ...command.commands.flatMap((child) => wordsOf(child, [...path, child.name()])),
  ];
};

const cases = (words: Words): string =>
  [...words]
    .map(([path, following]) => `    '${path}') words='${following.join(' ')}' ;;`)
    .join('\n');

const bash = (words: Words): string => `_millrace() {
  local known='|${[...words.keys()].join('|')}|' path='' word words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    word="\${path:+$path }$word"
    [[ $known != *"|$word|"* ]] || path=$word
  done
  case "$path" in
${cases(words)}
    *) return ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _millrace millrace`;

const zsh = (words: Words): string => `autoload -U +X compinit && compinit
autoload -U +X bashcompinit && bashcompinit
${bash(words)}`;

const FISH_HELPER = `function __millrace_at
  set -l before (commandline -opc | string match -v -- '-*')
  if test (count $argv) -eq 0
    test (count $before) -eq 1
    return
  end
  set -l depth (math (count $argv) + 1)
  test "$before[2..$depth]" = "$argv"
end`;

const fish = (words: Words): string => {
  const lines = [...words].map(
    ([path, following]) =>
      `complete -c millrace -n '__millrace_at ${path}' -a '${following.join(' ')}'`,
  );
  return [FISH_HELPER, ...lines].join('\n');
};

const shells = { bash, zsh, fish } as const;
type Shell = keyof typeof shells;

export const completionVerb: Verb = (parent) => {
  parent
    .command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>').choices(Object.keys(shells)))
    .addHelpText(
      'after',
      example('millrace completion bash > ~/.local/share/bash-completion/completions/millrace'),
    )
    .action((shell: Shell) => print(shells[shell](new Map(wordsOf(parent, [])))));
};
