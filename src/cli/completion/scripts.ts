/** The scripts for shells: they call the program itself for the candidates. */
export const completionScripts = {
  bash: `# xensan completion bash
_xensan() {
  local answer IFS=$'\\n'
  answer=$(xensan __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null) || return
  COMPREPLY=()
  if [ "\${answer##*:}" = 0 ]; then
    compopt -o default
  else
    COMPREPLY=(\${answer%:*})
  fi
}
complete -F _xensan xensan
`,
  zsh: `#compdef xensan
# xensan completion zsh
_xensan() {
  local -a answer
  answer=("\${(@f)$(xensan __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ \${answer[-1]} == :0 ]]; then
    _files
  else
    compadd -- \${answer[1,-2]}
  fi
}
if [[ \${funcstack[1]} == _xensan ]]; then _xensan "$@"; else compdef _xensan xensan; fi
`,
  fish: `# xensan completion fish
function __xensan_complete
  set -l words (commandline -opc)
  set -l typed (commandline -ct)
  set -l answer (xensan __complete $words[2..-1] "$typed" 2>/dev/null)
  test (count $answer) -gt 0; or return
  if test $answer[-1] = :0
    __fish_complete_path "$typed"
  else if test (count $answer) -gt 1
    string join \\n -- $answer[1..-2]
  end
end
complete -c xensan -f -a "(__xensan_complete)"
`,
} as const;
