// The style guide's rules that the compiler cannot see, each with its replacement.

import Foundation

/// Where the checked-in exceptions of a rule lie, with the reason for each.
enum Exceptions {
    /// Files outside TensorMath and DurableIO that may name pointer types.
    static let pointers: [String: String] = [
        "Sources/Store/Bytes/Zstd.swift": "lends buffers to libzstd",
        "Sources/Store/Object/FrameSlot.swift": "owns the compressor's aligned buffers",
        "Sources/Store/Object/ObjectReader.swift": "decompresses into those buffers",
        "Sources/Store/Object/BytePlanes.swift": "transposes bytes between those buffers",
        "Sources/Engine/Checkpoint/Checkpoint.swift": "lends mapped weights to C arithmetic",
        "Sources/Engine/Checkpoint/SafetensorsFile.swift": "lends mapped weights to C arithmetic",
        "Sources/Engine/Tokenizer/PatternProgram.swift": "PCRE2 matches on pointers",
        "Sources/Engine/Texts/BuiltInText.swift": "reads arrays of C",
        "Sources/Daemon/Inbox/InboxWatch.swift": "inotify's events are C structures",
        "Sources/Jobs/Manifest/YAMLEvents.swift": "libyaml's parser and events are C structures",
        "Sources/Daemon/State/JobFolder.swift": "reads parts of a growing file",
    ]

    /// Files longer than the soft limit; the number may only fall.
    static let longFiles: [String: Int] = [:]
}

enum Rules {
    static let linesSoftMax = 400
    static let linesMax = 600
    static let columnsMax = 100

    /// The types that the words below stand for in patterns, joined here so that this file does
    /// not break its own rules.
    private static func word(_ parts: String...) -> String { parts.joined() }

    static let forceTry = Rule.forbids(
        "no forced try", remedy: "throw, or show why it cannot fail with a precondition",
        in: { $0.hasEnding("swift") }, where: { $0.hasWord("try!") })

    static let forceCast = Rule.forbids(
        "no forced cast", remedy: "as? with an error",
        in: { $0.hasEnding("swift") }, where: { $0.hasWord("as!") })

    static let printing = Rule.forbids(
        "nothing prints but the command line", remedy: "Terminal.line, a log, or #expect",
        in: { $0.isIn("Sources") && !$0.isIn("Sources/layerfold") && $0.hasEnding("swift") },
        where: { $0.hasWord("print(") || $0.hasWord("debugPrint(") })

    static let fileManager = Rule.forbids(
        "no FileManager where durability matters", remedy: "DurableIO",
        in: { $0.isIn("Sources/Store") || $0.isIn("Sources/Daemon") },
        where: { $0.hasWord("FileManager") })

    static let clocksAndDice = Rule.forbids(
        "no clock and no unseeded randomness below Runner",
        remedy: "a parameter, or SeededGenerator",
        in: { file in
            ["Engine", "TensorMath", "Store"].contains { file.isIn("Sources/" + $0) }
        },
        where: { code in
            ["Date()", "Date.now", "Date(timeIntervalSinceNow", "SystemRandomNumberGenerator"]
                .contains { code.hasWord($0) }
                || ((code.contains(".random(") || code.contains(".shuffled()"))
                    && !code.contains("using:"))
        })

    static let detachedTasks = Rule.forbids(
        "no detached tasks", remedy: "a child task, or a service of the group",
        in: { $0.hasEnding("swift") }, where: { $0.contains("Task.detached") })

    static let globalQueues = Rule.forbids(
        "no global queues", remedy: "an actor with its own executor",
        in: { $0.hasEnding("swift") }, where: { $0.contains("DispatchQueue.global") })

    static let pointers = Rule.forbids(
        "pointers stay in TensorMath, DurableIO and the files named in Exceptions",
        remedy: "Span and RawSpan, lent by closure",
        in: { file in
            file.isIn("Sources") && !file.isIn("Sources/TensorMath")
                && !file.isIn("Sources/DurableIO") && Exceptions.pointers[file.path] == nil
        },
        where: { code in
            ["Unsafe", "UnsafeMutable"].contains { prefix in
                ["Pointer", "RawPointer", "BufferPointer", "RawBufferPointer"].contains {
                    code.hasWord(prefix + $0)
                }
            } || code.hasWord("OpaquePointer")
        })

    static let uncheckedSendable = Rule(
        name: "unchecked Sendable says why",
        remedy: "a comment on it or on the lines above, with the reason",
        applies: { $0.isIn("Sources") && $0.hasEnding("swift") }
    ) { file in
        let lines = file.lines
        let code = CodeText.code(of: file.text).split(
            separator: "\n", omittingEmptySubsequences: false)
        return code.indices.filter { code[$0].contains("@unchecked Sendable") }.filter { index in
            !lines[max(0, index - 3)...min(index + 1, lines.count - 1)].contains {
                $0.contains("//")
            }
        }.map { Rule.Finding(line: $0 + 1, text: String(lines[$0])) }
    }

    static let unfinished = Rule(
        name: "nothing unfinished", remedy: "do it, or open an issue",
        applies: { !$0.path.hasPrefix("Tests/TidyTests/") }
    ) { file in
        let words = [word("TO", "DO"), word("FIX", "ME"), word("XX", "X")]
        return file.lines.enumerated().compactMap { index, line in
            // Templates of mkstemp and escapes hold longer runs of the same letter.
            let found =
                line.split { !$0.isLetter }.contains { words.contains(String($0)) }
                || file.hasEnding("md") && line.isPlaceholder
            return found ? Rule.Finding(line: index + 1, text: String(line)) : nil
        }
    }

    static let lineLength = Rule(
        name: "at most 100 columns", remedy: "break the line",
        applies: { $0.hasEnding("swift") && $0.path != "Package.swift" }
    ) { file in
        let code = CodeText.code(of: file.text).split(
            separator: "\n", omittingEmptySubsequences: false)
        return zip(file.lines, code).enumerated().compactMap { index, pair in
            let (line, code) = pair
            guard line.count > columnsMax else { return nil }
            // The contents of a string may be long where no break is possible.
            let isComment = line.drop(while: \.isWhitespace).hasPrefix("//")
            return isComment || code.count > columnsMax
                ? Rule.Finding(line: index + 1, text: String(line)) : nil
        }
    }

    static let fileLength = Rule(
        name: "at most 400 lines a file", remedy: "one concern per file",
        applies: { $0.hasEnding("swift") || $0.hasEnding("c") }
    ) { file in
        let count = file.lines.count - 1
        let limit = min(Exceptions.longFiles[file.path] ?? linesSoftMax, linesMax)
        return count > limit ? [Rule.Finding(line: count, text: "\(count) lines")] : []
    }

    static let firstLine = Rule(
        name: "the first line says what the file is for", remedy: "a // comment",
        applies: { $0.isIn("Sources") && $0.hasEnding("swift") }
    ) { file in
        guard let line = file.lines.first, line.hasPrefix("// "), line.count > 10 else {
            return [Rule.Finding(line: 1, text: String(file.lines.first ?? ""))]
        }
        return []
    }

    static let oneTitle = Rule(
        name: "one # title per Markdown file", remedy: "## and below for the rest",
        applies: { $0.hasEnding("md") }
    ) { file in
        var isFenced = false
        let titles = file.lines.enumerated().filter { _, line in
            if line.hasPrefix("```") { isFenced.toggle() }
            return !isFenced && line.hasPrefix("# ")
        }
        if titles.count == 1 { return [] }
        return [Rule.Finding(line: titles.dropFirst().first?.offset ?? 1, text: "\(titles.count)")]
    }

    static let machinePaths = Rule(
        name: "no path of somebody's machine", remedy: "a path relative to the checkout",
        applies: { _ in true }
    ) { file in
        let folders = [word("/wo", "rk/"), word("/ho", "me/"), word("/Us", "ers/")]
        return file.lines.enumerated().compactMap { index, line in
            // A folder of that name deeper down is somebody else's.
            let found = folders.contains { line.hasMachinePath($0) }
            return found ? Rule.Finding(line: index + 1, text: String(line)) : nil
        }
    }

    /// Protocols under which a type can be thrown without saying who has to act.
    private static let errorProtocols: Set = ["Error", "LocalizedError", "CustomNSError"]

    static let classedErrors = Rule(
        name: "every error type states its failure class, and no default does it for it",
        remedy: "ClassifiedFailure, with a failureClass beside the cases",
        applies: { $0.isIn("Sources") && $0.hasEnding("swift") }
    ) { file in
        let code = CodeText.code(of: file.text).split(
            separator: "\n", omittingEmptySubsequences: false)
        return code.indices.compactMap { index in
            guard
                let kind = ["struct", "enum", "class", "actor", "extension", "protocol"].first(
                    where: { code[index].hasWord($0 + " ") })
            else { return nil }
            // An inheritance clause may go on in the next lines.
            let header = code[index...].prefix(5).joined(separator: " ").prefix { $0 != "{" }
            let words = header.split { !$0.isLetter && !$0.isNumber }.map(String.init)
            guard let place = words.firstIndex(of: kind), place + 1 < words.count else {
                return nil
            }
            let isOurs = words[place + 1] == "ClassifiedFailure"
            let isBare =
                header.contains(":") && !errorProtocols.isDisjoint(with: words[(place + 2)...])
            let isWrong = isOurs ? kind == "extension" : isBare
            return isWrong ? Rule.Finding(line: index + 1, text: String(code[index])) : nil
        }
    }

    static let zeroing = Rule.forbids(
        "nothing is zeroed by a factor, which keeps NaN and makes it of infinities",
        remedy: "fill(0)", in: { $0.isIn("Sources") && $0.hasEnding("swift") },
        where: { code in
            code.contains("scale(") && (code.contains("by: 0)") || code.contains("by: 0.0)"))
                || code.contains("*= 0") && !code.contains("*= 0.")
        })

    /// HTML and CSS have quotes of their own.
    static let quoting = Rule(
        name: "values in messages stand in backticks",
        remedy: "quoted(_:) for what a file says, `\\(path)` for what must stay whole",
        applies: {
            $0.isIn("Sources") && !$0.isIn("Sources/Report/HTML") && $0.hasEnding("swift")
        }
    ) { file in
        file.lines.enumerated().compactMap { index, line in
            let isComment = line.drop(while: \.isWhitespace).hasPrefix("//")
            let isOther = ["'", "\u{2018}", "\u{201C}", "\u{AB}"].contains {
                line.contains($0 + "\\(")
            }
            return isOther && !isComment ? Rule.Finding(line: index + 1, text: String(line)) : nil
        }
    }

    static let lapackeChecks = Rule.forbids(
        "of LAPACKE only the functions that take their scratch: the others look for NaN outside of "
            + "matrices beyond 32 bits",
        remedy: "the one that ends in _work", in: { $0.isIn("Sources") && $0.hasEnding("swift") },
        where: { code in
            code.matches(of: /LAPACKE_\w+/).contains { !$0.output.hasSuffix("_work") }
        })

    static let all = [
        forceTry, forceCast, printing, fileManager, clocksAndDice, detachedTasks, globalQueues,
        pointers, uncheckedSendable, unfinished, lineLength, fileLength, firstLine, oneTitle,
        machinePaths, classedErrors, zeroing, quoting,
        lapackeChecks,
    ]
}

extension Substring {
    /// One word of capitals alone on its line: where something was to be filled in.
    fileprivate var isPlaceholder: Bool { count > 3 && allSatisfy(\.isUppercase) }

    /// Whether the path stands at its root: not after a letter, a dot or a closing brace.
    fileprivate func hasMachinePath(_ path: String) -> Bool {
        guard let range = range(of: path) else { return false }
        guard range.lowerBound > startIndex else { return true }
        let before = self[index(before: range.lowerBound)]
        return !before.isLetter && !before.isNumber && !".)}_-".contains(before)
    }
}
