# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion of ptprep(8). What can stand at a place only ptprep knows: this asks it.

_ptprep() {
        local line=${COMP_LINE:0:COMP_POINT} word before
        local -a words
        read -ra words <<<"$line"
        [[ $line == *[[:space:]] ]] && words+=("")
        word=${words[-1]}
        # readline has taken words apart at "=" and ":", and puts in only what comes behind the last of these
        before=${word%"${word##*[=:]}"}
        mapfile -t COMPREPLY < <("${words[0]}" complete -- "${words[@]:1}" 2>/dev/null)
        COMPREPLY=("${COMPREPLY[@]%%$'\t'*}")
        if ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[0]} == *= ]]; then
                compopt -o nospace 2>/dev/null # there is none outside of a completion
        fi
        COMPREPLY=("${COMPREPLY[@]#"$before"}")
}

# names of files where ptprep has nothing to say
complete -o default -F _ptprep ptprep
