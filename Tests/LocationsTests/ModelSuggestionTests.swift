// Names for people who choose a model: each of them is found when it is asked for.

import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Locations

@Suite struct ModelSuggestionTests {
    @Test func namesThatAreSuggestedAreFound() throws {
        let cache = try CacheFixture()
        try cache.add("org/cached", commit: "abc1234", refs: ["main"])
        let root = FilePath(cache.folder.path)
        for name in ["one", "org/two", "a/b/too-deep", ".hidden"] {
            let folder = root.pushing(FilePath(name)).string
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            try Data("{}".utf8).write(to: URL(filePath: folder + "/config.json"))
        }
        try Data().write(to: URL(filePath: root.appending("three.GGUF").string))
        try Data().write(to: URL(filePath: root.appending("notes.txt").string))
        let locator = ModelLocator(roots: [root, root.appending("missing")])
        let names = locator.suggestions()
        #expect(names == ["one", "org/cached", "org/two", "three.GGUF"])
        for name in names { #expect(throws: Never.self) { try locator.locate(name) } }
        #expect(ModelLocator(roots: []).suggestions().isEmpty)
        #expect(ModelLocator(from: root, environment: [:]).suggestions().isEmpty)
    }

    @Test func noMoreThanAnybodyReads() throws {
        let folder = try TemporaryFolder("many")
        for number in 0..<(ModelLocator.suggestionsMax + 20) {
            try Data().write(to: URL(filePath: "\(folder.path)/m\(number).gguf"))
        }
        let names = ModelLocator(roots: [FilePath(folder.path)]).suggestions()
        #expect(names.count == ModelLocator.suggestionsMax)
    }
}
