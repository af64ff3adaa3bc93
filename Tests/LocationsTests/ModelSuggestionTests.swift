// Names for people who choose a model: each of them is found when it is asked for.

import DurableIO
import Foundation
import Glibc
import Jobs
import SystemPackage
import TestSupport
import Testing

@testable import Locations

@Suite struct ModelSuggestionTests {
    private static let me = Submitter(user: Int(geteuid()), groups: [Int(getegid())])

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
        let names = locator.suggestions(for: Self.me)
        #expect(names == ["one", "org/cached", "org/two", "three.GGUF"])
        for name in names { #expect(throws: Never.self) { try locator.locate(name) } }
        #expect(ModelLocator(roots: []).suggestions(for: Self.me).isEmpty)
        #expect(ModelLocator(from: root, environment: [:]).suggestions(for: Self.me).isEmpty)
    }

    @Test func noMoreThanAnybodyReads() throws {
        let folder = try TemporaryFolder("many")
        for number in 0..<(ModelLocator.suggestionsMax + 20) {
            try Data().write(to: URL(filePath: "\(folder.path)/m\(number).gguf"))
        }
        let names = ModelLocator(roots: [FilePath(folder.path)])
            .suggestions(for: Self.me)
        #expect(names.count == ModelLocator.suggestionsMax)
    }

    @Test func whatIsClosedToSomebodyIsNotNamedToHim() throws {
        let cache = try CacheFixture()
        let root = FilePath(cache.folder.path)
        for name in ["alice/secret", "open/closed", "open/seen", "bob/hub"] {
            let folder = root.pushing(FilePath(name))
            try FileManager.default.createDirectory(
                atPath: folder.string, withIntermediateDirectories: true)
            try Data("{}".utf8).write(to: URL(filePath: folder.string + "/config.json"))
        }
        try Data().write(to: URL(filePath: root.string + "/alice/secret.gguf"))
        try cache.add("org/cached", commit: "abc1234", refs: ["main"])
        for name in ["", "open", "open/seen", "bob", "bob/hub"] {
            try Syscalls.chmod(root.pushing(FilePath(name)), 0o755)
        }
        let closed = ["alice", "open/closed"]
        for name in closed { try Syscalls.chmod(root.appending(name), 0o700) }
        let locator = ModelLocator(roots: [root])
        let stranger = Submitter(user: 4_242, groups: [4_242])
        let names = ["bob/hub", "open/seen", "org/cached"]
        #expect(locator.suggestions(for: stranger) == names)
        let all = ["alice/secret", "alice/secret.gguf", "open/closed"]
        #expect(locator.suggestions(for: Self.me) == (names + all).sorted())
        // The cache in `hub` can still be listed.
        try Syscalls.chmod(root, 0o711)
        #expect(locator.suggestions(for: stranger) == ["org/cached"])
        try Syscalls.chmod(root, 0o755)
    }

    @Test func largeFoldersAreNotLookedThrough() throws {
        let folder = try TemporaryFolder("large")
        for number in 0..<40 {
            try Data().write(to: URL(filePath: "\(folder.path)/m\(number).gguf"))
        }
        let locator = ModelLocator(roots: [FilePath(folder.path)])
        #expect(locator.suggestions(for: Self.me, looksMax: 20).count == 20)
    }
}
