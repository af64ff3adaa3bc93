// Which folder of a target uses which: an arrow for a type or function that one declares and the
// other names. Targets are kept apart by the compiler; folders inside them only by this.

import Foundation

/// The folders of one target and what they take from one another.
struct FolderGraph {
    /// Names taken, by (using folder, declaring folder).
    private(set) var arrows: [Arrow: Set<String>] = [:]
    private(set) var folders: [String] = []

    struct Arrow: Hashable {
        let from: String
        let to: String
    }

    /// - Parameter files: of one target, with the folder each lies in ("" for the target's own).
    init(_ files: [(folder: String, text: String)]) {
        folders = Set(files.map(\.folder)).sorted()
        let read = files.map { (folder: $0.folder, code: CodeText.code(of: $0.text)) }
        var homes: [Substring: Set<String>] = [:]
        for file in read {
            for name in Self.declarations(in: file.code) {
                homes[name, default: []].insert(file.folder)
            }
        }
        for file in read {
            for word in Set(file.code.split(whereSeparator: { !$0.isIdentifier })) {
                // A name that two folders declare tells nothing.
                guard let home = homes[word], home.count == 1, let folder = home.first,
                    folder != file.folder
                else { continue }
                arrows[Arrow(from: file.folder, to: folder), default: []].insert(String(word))
            }
        }
    }

    /// Names that other files see: at the margin, and not private.
    static func declarations(in code: String) -> [Substring] {
        let kinds: Set = ["struct", "class", "enum", "protocol", "actor", "typealias", "func"]
        return code.split(separator: "\n").compactMap { line in
            guard let first = line.first, first.isLetter || first == "@" else { return nil }
            let words = line.split(whereSeparator: { !$0.isIdentifier && $0 != "@" })
            guard let kind = words.firstIndex(where: { kinds.contains(String($0)) }),
                !words[..<kind].contains(where: { $0 == "private" || $0 == "fileprivate" }),
                !words[..<kind].contains("extension"), kind + 1 < words.count
            else { return nil }
            return words[kind + 1]
        }
    }

    /// A way from a folder back to itself, if there is one.
    var circle: [String]? {
        var done: Set<String> = []
        func visit(_ folder: String, _ path: [String]) -> [String]? {
            if let start = path.firstIndex(of: folder) { return Array(path[start...]) + [folder] }
            guard !done.contains(folder) else { return nil }
            for next in folders where arrows[Arrow(from: folder, to: next)] != nil {
                if let found = visit(next, path + [folder]) { return found }
            }
            done.insert(folder)
            return nil
        }
        for folder in folders { if let found = visit(folder, []) { return found } }
        return nil
    }

    /// A row per folder: what it takes from whom.
    var matrix: String {
        folders.map { from in
            let uses = folders.compactMap { to in
                arrows[Arrow(from: from, to: to)].map { "\(Self.shown(to)) (\($0.count))" }
            }
            return "  \(Self.shown(from)) <- "
                + (uses.isEmpty ? "nothing" : uses.joined(separator: ", "))
        }.joined(separator: "\n")
    }

    private static func shown(_ folder: String) -> String { folder.isEmpty ? "." : folder }
}

extension Character {
    fileprivate var isIdentifier: Bool { isLetter || isNumber || self == "_" }
}
