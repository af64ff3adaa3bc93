// The files of the repository as git lists them, or as they lie in the folder where git is not.

import Foundation
import TestSupport

/// One text file, by its path from the root of the repository.
struct SourceFile: Sendable, CustomStringConvertible {
    let path: String
    let text: String

    init(_ path: String, _ text: String) {
        self.path = path
        self.text = text
    }

    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    var description: String { path }

    func isIn(_ folder: String) -> Bool { path.hasPrefix(folder + "/") }
    func hasEnding(_ ending: String) -> Bool { path.hasSuffix("." + ending) }
}

enum SourceTree {
    /// What belongs to the project: everything but build products, hidden folders and fixtures
    /// that are bytes rather than text.
    static let files: [SourceFile] = {
        let tops = ["Sources", "Tests", "Scripts", "docs", "systemd", "inbox-example"]
        let endings: Set = [
            "swift", "c", "h", "inc", "py", "md", "yaml", "sh", "service", "socket", "conf",
            "modulemap",
        ]
        var files: [SourceFile] = []
        for top in tops {
            let folder = Places.root.appending(path: top)
            let names = FileManager.default.enumerator(atPath: folder.path)
            while let name = names?.nextObject() as? String {
                let ending = name.split(separator: ".").last.map(String.init) ?? ""
                guard endings.contains(ending), !name.contains("Fixtures/") else { continue }
                append("\(top)/\(name)", to: &files)
            }
        }
        for name in [
            "Package.swift", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "demo", "test",
            ".ci/run",
        ] {
            append(name, to: &files)
        }
        return files.sorted { $0.path < $1.path }
    }()

    private static func append(_ path: String, to files: inout [SourceFile]) {
        let file = Places.root.appending(path: path).path
        guard let data = FileManager.default.contents(atPath: file) else { return }
        files.append(SourceFile(path, String(decoding: data, as: UTF8.self)))
    }

    static let swift = files.filter { $0.hasEnding("swift") && $0.path != "Package.swift" }
    static let sources = swift.filter { $0.isIn("Sources") }

    /// The files of each target with the folder inside it: `Sources/Engine/Model/Blocks/A.swift` is
    /// of target `Engine/Model`, folder `Blocks`; the engine is a folder of targets.
    static let targets = Dictionary(
        grouping: sources.map { file in
            let parts = file.path.split(separator: "/").dropFirst().dropLast()
            let depth = parts.first == "Engine" ? 2 : 1
            return (
                target: parts.prefix(depth).joined(separator: "/"),
                folder: parts.dropFirst(depth).joined(separator: "/"), file: file
            )
        }, by: \.target)
}
