/** What a shell reads to complete `pclab`: each script asks the command line itself, `pclab __complete WORDS…`. */

/** Asks for what may stand at the end of the words behind it. */
export const COMPLETE = "__complete";

/** The answer's word for "a file": the shell completes those better. */
export const FILES = ":files";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

export const SCRIPTS: Record<Shell, string> = {
  bash: `# pclab in bash: source <(pclab completion bash)
_pclab() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == ${FILES} ]]; then
      compopt -o default
      return
    fi
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <("\${COMP_WORDS[0]}" ${COMPLETE} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _pclab pclab
`,
  zsh: `#compdef pclab
# pclab in zsh: source <(pclab completion zsh)
_pclab() {
  local line word
  local -a candidates
  for line in "\${(@f)$("\${words[1]}" ${COMPLETE} "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == ${FILES} ]]; then
      _files
      return
    fi
    word="\${line%%$'\\t'*}"
    [[ -n $word ]] && candidates+=("\${word//:/\\\\:}:\${line#*$'\\t'}")
  done
  _describe pclab candidates
}
if [[ \${zsh_eval_context[-1]} == loadautofunc ]]; then
  _pclab "$@"
else
  compdef _pclab pclab
fi
`,
  fish: `# pclab in fish: pclab completion fish | source
function __pclab_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l answer ($words[1] ${COMPLETE} $words[2..-1] 2>/dev/null)
  if test "$answer" = "${FILES}"
    __fish_complete_path (commandline -ct)
  else
    printf '%s\\n' $answer
  end
end
complete -c pclab -f -a '(__pclab_complete)'
`,
};
