// The style guide, executable: every rule over every file of the repository.

import Foundation
import Jobs
import TestSupport
import Testing

@Suite struct TidyTests {
    @Test("the repository is there to be looked at")
    func findsFiles() {
        #expect(SourceTree.sources.count > 100)
        #expect(SourceTree.files.contains { $0.path == "Package.swift" })
        #expect(SourceTree.files.contains { $0.hasEnding("c") })
    }

    @Test("every file keeps the rule", arguments: Rules.all)
    func keeps(_ rule: Rule) {
        for file in SourceTree.files {
            for finding in rule.findings(file) {
                Issue.record(
                    "\(file.path):\(finding.line): \(rule.name); instead: \(rule.remedy): \(finding.text)"
                )
            }
        }
    }

    @Test("exceptions are of files that exist and need them")
    func exceptionsAreNeeded() {
        let paths = Set(SourceTree.files.map(\.path))
        for path in Array(Exceptions.pointers.keys) + Array(Exceptions.longFiles.keys) {
            #expect(paths.contains(path), "\(path) is gone: drop its exception")
        }
        for file in SourceTree.files where Exceptions.pointers[file.path] != nil {
            #expect(
                !Rules.pointers.check(file).isEmpty,
                "\(file.path) names no pointer any more: drop its exception")
        }
    }

    @Test(
        "no folder of a target uses one that uses it", arguments: SourceTree.targets.keys.sorted())
    func folders(_ target: String) throws {
        let files = SourceTree.targets[target, default: []]
        let graph = FolderGraph(files.map { ($0.folder, $0.file.text) })
        if graph.folders.count > 1 { print("\(target)\n\(graph.matrix)") }
        #expect(graph.circle == nil, "\(target)\n\(graph.matrix)")
    }

    @Test("every example manifest is a good one")
    func examples() throws {
        let examples = SourceTree.files.filter {
            $0.isIn("inbox-example") && $0.hasEnding("yaml")
        }
        #expect(!examples.isEmpty)
        for file in examples {
            #expect(throws: Never.self, "\(file.path)") {
                try ManifestParser.parse(bytes: Data(file.text.utf8), name: "example")
            }
        }
    }
}
