# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion of ptprep(8). What can stand at a place only ptprep knows: this asks it.

function __ptprep_complete
    set -l words (commandline -opc)
    $words[1] complete -- $words[2..] (commandline -ct) 2>/dev/null
end

complete -c ptprep -f
complete -c ptprep -a '(__ptprep_complete)'
# names of files where ptprep has nothing to say
complete -c ptprep -n 'string match -qr -- "^--(root|table|config)=" (commandline -ct)' -F
