// Caches laid out as huggingface_hub lays them out: blobs, snapshots of links, refs.

import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Locations

/// A cache with models in it.
struct CacheFixture {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder("hub") }

    var hub: FilePath { FilePath(folder.path).appending("hub") }

    /// Adds a snapshot whose config.json is a link into the blobs.
    func add(_ repository: String, commit: String, refs: [String]) throws {
        let model = hub.appending("models--" + repository.replacingOccurrences(of: "/", with: "--"))
        let manager = FileManager.default
        for part in ["blobs", "refs", "snapshots/\(commit)"] {
            try manager.createDirectory(
                atPath: model.pushing(FilePath(part)).string, withIntermediateDirectories: true)
        }
        let blob = model.pushing(FilePath("blobs/\(commit)-config"))
        try Data("{}".utf8).write(to: URL(filePath: blob.string))
        try manager.createSymbolicLink(
            atPath: model.pushing(FilePath("snapshots/\(commit)/config.json")).string,
            withDestinationPath: "../../blobs/\(commit)-config")
        for ref in refs {
            let file = model.pushing(FilePath("refs/\(ref)"))
            try manager.createDirectory(
                atPath: file.removingLastComponent().string, withIntermediateDirectories: true)
            try Data(commit.utf8).write(to: URL(filePath: file.string))
        }
    }

    func real(_ path: String) throws -> FilePath {
        try #require(RealPath.of(hub.pushing(FilePath(path))))
    }
}

@Suite struct HubCacheTests {
    @Test func namesAndWhatIsNone() throws {
        let name = try #require(HubName("HuggingFaceTB/SmolLM2-135M@refs/pr/1"))
        #expect(name.repository == "HuggingFaceTB/SmolLM2-135M")
        #expect(name.revision == "refs/pr/1")
        #expect(name.folder == "models--HuggingFaceTB--SmolLM2-135M")
        #expect(HubName("gpt2")?.folder == "models--gpt2")
        for text in [
            "", "a/b/c", "../x", "a/..", "/a", "a/", "~/a", "a b/c", ".hidden", "a--b", "a@",
            "a@..", "a/b@x y", "ä/b", "a\n/b",
        ] { #expect(HubName(text) == nil, "\(text)") }
    }

    /// A blob's own name tells nothing.
    @Test func aFileOfGGUFKeepsTheNameOfItsLink() throws {
        let cache = try CacheFixture()
        try cache.add("org/model", commit: "aaaaaaaa1", refs: ["main"])
        let snapshot = "models--org--model/snapshots/aaaaaaaa1"
        let link = cache.hub.pushing(FilePath(snapshot + "/tiny.Q8_0.gguf"))
        try FileManager.default.createSymbolicLink(
            atPath: link.string, withDestinationPath: "../../blobs/aaaaaaaa1-config")
        for locator in [
            ModelLocator(roots: [FilePath(cache.folder.path)]),
            ModelLocator(scope: .anywhere(from: "/"), caches: []),
        ] {
            let found = try locator.locate(link.string)
            #expect(found.folder == (try cache.real(snapshot)).appending("tiny.Q8_0.gguf"))
            #expect(found.name == "tiny.Q8_0")
        }
        // What lies elsewhere goes by its own path, which must lie below a root.
        #expect(throws: PathError.self) {
            try ModelLocator(roots: [FilePath(cache.folder.path)]).locate("/etc/hostname.gguf")
        }
    }

    @Test func aNameLeadsToTheSnapshotOfMain() throws {
        let cache = try CacheFixture()
        try cache.add("org/model", commit: "aaaaaaaa1", refs: [])
        try cache.add("org/model", commit: "bbbbbbbb2", refs: ["main", "pr/1"])
        let locator = ModelLocator(scope: .anywhere(from: "/"), caches: [cache.hub])
        let main = try locator.locate("org/model")
        #expect(main.folder == (try cache.real("models--org--model/snapshots/bbbbbbbb2")))
        #expect(main.name == "org/model")
        #expect(try locator.locate("org/model@pr/1").folder == main.folder)
        let older = try cache.real("models--org--model/snapshots/aaaaaaaa1")
        #expect(try locator.locate("org/model@aaaaaaaa1").folder == older)
        #expect(try locator.locate("org/model@aaaaaaa").folder == older)
        #expect(throws: HubError.self) { try locator.locate("org/model@aaa") }
        #expect(throws: HubError.self) { try locator.locate("org/model@v2") }
        // The folder of the model, and a snapshot, by their paths.
        let folder = cache.hub.appending("models--org--model")
        #expect(try locator.locate(folder.string) == main)
        #expect(try locator.locate(older.string).name == "org/model")
    }

    @Test func withoutMainOneSnapshotIsMeantAndSeveralAreNot() throws {
        let cache = try CacheFixture()
        try cache.add("org/model", commit: "aaaaaaaa1", refs: [])
        let locator = ModelLocator(scope: .anywhere(from: "/"), caches: [cache.hub])
        #expect(try locator.locate("org/model").folder.lastComponent == "aaaaaaaa1")
        try cache.add("org/model", commit: "bbbbbbbb2", refs: [])
        let error = #expect(throws: HubError.self) { try locator.locate("org/model") }
        #expect("\(try #require(error))".contains("aaaaaaaa1, bbbbbbbb2"))
    }

    @Test func whatIsNotThereSaysWhatFetchesIt() throws {
        let cache = try CacheFixture()
        let locator = ModelLocator(scope: .anywhere(from: "/nowhere"), caches: [cache.hub])
        let error = #expect(throws: ModelNotFound.self) { try locator.locate("org/model@v2") }
        let text = "\(try #require(error))"
        #expect(text.contains("hf download org/model --revision v2"))
        #expect(text.contains(cache.hub.string))
        // Whoever mistypes a folder is not sent to the hub for it.
        let folder = #expect(throws: ModelNotFound.self) { try locator.locate("modle") }
        let words = "\(try #require(folder))"
        #expect(!words.contains("hf download") && words.contains("ORG/NAME"))
        // What can be no name is a path alone.
        #expect(throws: PathError.self) { try locator.locate("./org/model/x") }
    }

    @Test func aRootOfTheDaemonMayBeACache() throws {
        let cache = try CacheFixture()
        try cache.add("org/model", commit: "aaaaaaaa1", refs: ["main"])
        for root in [cache.hub, cache.hub.removingLastComponent()] {
            let found = try ModelLocator(roots: [root]).locate("org/model")
            #expect(found.folder.lastComponent == "aaaaaaaa1")
            #expect(found.fence == RealPath.of(root))
        }
        // A model that is a link to elsewhere stays outside.
        let other = try CacheFixture()
        try FileManager.default.createDirectory(
            atPath: other.hub.string, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: other.hub.appending("models--org--model").string,
            withDestinationPath: cache.hub.appending("models--org--model").string)
        #expect(throws: PathError.self) {
            try ModelLocator(roots: [other.hub]).locate("org/model")
        }
    }

    @Test(arguments: [
        (["HF_HUB_CACHE": "/c", "HF_HOME": "/h"], "/c"), (["HF_HOME": "/h"], "/h/hub"),
        (["HF_HUB_CACHE": "", "XDG_CACHE_HOME": "/x"], "/x/huggingface/hub"),
    ])
    func cachesOfTheEnvironment(_ environment: [String: String], _ expected: String) {
        #expect(HubCache.folders(environment: environment) == [FilePath(expected)])
    }

    @Test func theHomeFolderIsTheLast() {
        let folders = HubCache.folders(environment: [:])
        #expect(folders == [FilePath(NSHomeDirectory() + "/.cache/huggingface/hub")])
    }
}
