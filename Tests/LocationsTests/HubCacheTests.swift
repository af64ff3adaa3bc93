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

    /// What is said of a model that cannot be used goes to whoever named it.
    @Test func whatLiesElsewhereIsNeitherReadNorListed() throws {
        let cache = try CacheFixture()
        let manager = FileManager.default
        let beside = FilePath(cache.folder.path).appending("beside")
        let jobs = beside.pushing("snapshots/job1secret")
        try manager.createDirectory(atPath: jobs.string, withIntermediateDirectories: true)
        try Data("tokensecret\n".utf8).write(to: URL(filePath: beside.appending("1001").string))
        func link(_ path: String, to target: FilePath) throws {
            let link = cache.hub.pushing(FilePath(path))
            try? manager.removeItem(atPath: link.string)
            try manager.createSymbolicLink(
                atPath: link.string, withDestinationPath: target.string)
        }
        func text(of model: String) -> String {
            let locator = ModelLocator(roots: [cache.hub])
            let error = #expect(throws: (any Error).self, "\(model)") {
                try locator.locate(model)
            }
            return error.map { "\($0)" } ?? ""
        }
        // Of two snapshots none is meant, so that a message lists them.
        try cache.add("org/model", commit: "aaaaaaaa1", refs: [])
        try cache.add("org/model", commit: "bbbbbbbb2", refs: [])
        // One file of the refs, and all of them, through a link to the folder.
        try link("models--org--model/refs/main", to: beside.appending("1001"))
        #expect(text(of: "org/model").contains("aaaaaaaa1, bbbbbbbb2"))
        #expect(!text(of: "org/model").contains("secret"))
        try link("models--org--model/refs", to: beside)
        for model in ["org/model@1001", "org/model@none"] {
            let text = text(of: model)
            #expect(text.contains("has no revision"))
            #expect(!text.contains("secret") && !text.contains("snapshots,"))
        }
        // The snapshots, and the model itself.
        try link("models--org--model/snapshots", to: beside.appending("snapshots"))
        try link("models--org--other", to: beside)
        for model in ["org/model", "org/model@none", "org/other", "org/other@none"] {
            #expect(!text(of: model).contains("secret"))
        }
    }

    /// A ref of the model's own that holds no commit is none, and is not repeated.
    @Test(arguments: [
        "pass word", "a:b", "", "\u{1B}[2J", String(repeating: "a", count: 65), "ä",
    ])
    func aRefHoldsACommit(_ content: String) throws {
        let cache = try CacheFixture()
        try cache.add("org/model", commit: "aaaaaaaa1", refs: ["main"])
        let locator = ModelLocator(roots: [cache.hub])
        let main = cache.hub.pushing("models--org--model/refs/main")
        try Data((content + "\n").utf8).write(to: URL(filePath: main.string))
        // As without it: the only snapshot is meant.
        #expect(try locator.locate("org/model").folder.lastComponent == "aaaaaaaa1")
        try Data((String(repeating: "b", count: 64) + "\n").utf8)
            .write(to: URL(filePath: main.string))
        #expect(throws: HubError.self) { try locator.locate("org/model") }
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
