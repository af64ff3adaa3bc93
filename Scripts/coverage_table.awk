# From lcov's summaries to a table of lines by folder, three levels deep: `Sources/Engine/Model`.
# What lies outside Sources below `root` is left out.

/^SF:/ {
    path = substr($0, 4)
    folder = ""
    if (index(path, root "Sources/") == 1) {
        count = split(substr(path, length(root) + 1), part, "/")
        for (i = 1; i < count && i <= 3; i++) folder = folder (i > 1 ? "/" : "") part[i]
    }
}
folder != "" && /^LF:/ { lines[folder] += substr($0, 4); allLines += substr($0, 4) }
folder != "" && /^LH:/ { hit[folder] += substr($0, 4); allHit += substr($0, 4) }

END {
    row = "| %s | %d | %.1f %% |\n"
    print "| folder | lines | run by tests |"
    print "| --- | --- | --- |"
    fflush()
    for (name in lines)
        if (lines[name]) printf row, name, lines[name], 100 * hit[name] / lines[name] | "sort"
    close("sort")
    if (allLines) printf row, "all", allLines, 100 * allHit / allLines
}
