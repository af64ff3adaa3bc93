// What a job names is read only for those who might read it themselves.

import DurableIO
import Failures
import Foundation
import Jobs
import SystemPackage
import TestSupport
import Testing

@testable import Locations

@Suite struct ReadingRightTests {
    private let folder: TemporaryFolder
    private let stranger = Submitter(user: 4_242, groups: [4_242])

    init() throws {
        folder = try TemporaryFolder("reading")
        for name in ["roots/m", "roots/cache", "private"] {
            try FileManager.default.createDirectory(
                at: folder.url.appending(path: name), withIntermediateDirectories: true)
        }
        for name in [
            "roots/m/config.json", "roots/m/model.safetensors", "roots/m/notes.md",
            "roots/t.txt", "private/secret.txt",
        ] {
            try Data("{}".utf8).write(to: folder.url.appending(path: name))
            try mode(0o644, name)
        }
        for name in ["", "roots", "roots/m", "private"] { try mode(0o755, name) }
    }

    private func mode(_ mode: CInterop.Mode, _ name: String) throws {
        try Syscalls.chmod(path(name), mode)
    }

    private func path(_ name: String) -> FilePath {
        name.isEmpty ? FilePath(folder.path) : FilePath(folder.path).appending(name)
    }

    private func check(
        _ submitter: Submitter?, model: String = "m", data: String = "t.txt"
    ) throws {
        let text = """
            version: 1
            model: \(model)
            calibration: {dataset: text, path: \(data)}
            compress: [{method: mka, ratios: [0.5]}]
            evaluate: [{task: perplexity, path: layerfold:heldout.txt}]
            """
        try Preflight(
            models: ModelLocator(roots: [path("roots")]), data: .below([path("roots")]),
            results: path("")
        ).check(
            try ManifestParser.parse(bytes: Data(text.utf8), name: "x"), for: submitter)
    }

    private func refusal(data: String = "t.txt") -> ReadingDenied? {
        #expect(throws: ReadingDenied.self) { try check(stranger, data: data) }
    }

    @Test func `what everybody may read is as easy as ever`() throws {
        try check(stranger)
        try mode(0o600, "roots/m/notes.md")
        try check(stranger)
    }

    @Test func `a model's file that is not for everybody is refused by its name`() throws {
        try mode(0o640, "roots/m/model.safetensors")
        let error = try #require(refusal())
        #expect(error.missing.path.string.hasSuffix("roots/m/model.safetensors"))
        #expect(error.description.contains("user 4242"))
        #expect(error.description.contains("mode 640"))
        #expect(error.description.contains("setfacl -m u:4242:r `"))
        #expect(error.failureClass == .user)
        try check(nil)
        try check(Submitter(user: 0, groups: []))
        let status = try #require(try Syscalls.stat(path("roots/m/model.safetensors")))
        try check(Submitter(user: 4_242, groups: [Int(status.group)]))
        try check(Submitter(user: Int(status.owner), groups: []))
    }

    @Test func `a folder that may not be passed closes all below it`() throws {
        try mode(0o700, "roots/m")
        let error = try #require(refusal())
        #expect(error.missing.path.string.hasSuffix("roots/m"))
        try mode(0o755, "roots/m")
        try mode(0o700, "roots")
        let above = try #require(refusal())
        #expect(above.missing.path.string.hasSuffix("roots"))
        #expect(above.description.contains("may not pass the folder"))
    }

    @Test func `which revisions a model has is told to those who may look`() throws {
        for name in ["refs", "snapshots/aaaaaaaa1", "snapshots/bbbbbbbb2"] {
            try FileManager.default.createDirectory(
                at: folder.url.appending(path: "roots/models--a--b/\(name)"),
                withIntermediateDirectories: true)
        }
        for name in ["", "/refs", "/snapshots"] { try mode(0o755, "roots/models--a--b" + name) }
        let error = #expect(throws: HubError.self) { try check(stranger, model: "a/b") }
        #expect("\(try #require(error))".contains("bbbbbbbb2"))
        for name in ["", "/refs", "/snapshots"] {
            try mode(0o700, "roots/models--a--b" + name)
            for model in ["a/b", "a/b@main", "models--a--b"] {
                let denied = #expect(throws: (any Error).self) {
                    try check(stranger, model: model)
                }
                #expect(!"\(try #require(denied))".contains("bbbbbbbb2"), "\(name) \(model)")
            }
            #expect(throws: ReadingDenied.self) { try check(stranger, model: "a/b") }
            #expect(throws: HubError.self) { try check(nil, model: "a/b") }
            try mode(0o755, "roots/models--a--b" + name)
        }
    }

    @Test func `a link is worth what it leads to`() throws {
        try FileManager.default.removeItem(
            at: folder.url.appending(path: "roots/m/model.safetensors"))
        try FileManager.default.createSymbolicLink(
            atPath: path("roots/m/model.safetensors").string,
            withDestinationPath: "../cache/blob")
        try Data("w".utf8).write(to: folder.url.appending(path: "roots/cache/blob"))
        try mode(0o755, "roots/cache")
        try mode(0o600, "roots/cache/blob")
        let error = try #require(refusal())
        #expect(error.missing.path.string.hasSuffix("roots/cache/blob"))
    }

    /// What is told of a name must not tell whether it is there.
    @Test func `names in a closed folder cannot be guessed`() throws {
        try FileManager.default.createDirectory(
            at: folder.url.appending(path: "roots/alice/m"), withIntermediateDirectories: true)
        for name in ["alice/secret.jsonl", "alice/m/config.json", "alice/model.gguf"] {
            try Data("{}".utf8).write(to: folder.url.appending(path: "roots/\(name)"))
        }
        try mode(0o700, "roots/alice")
        func denial(model: String = "m", data: String = "t.txt") throws -> String {
            let error = #expect(throws: ReadingDenied.self) {
                try check(stranger, model: model, data: data)
            }
            return try #require(error).description
        }
        for name in ["secret.jsonl", "m/config.json"] {
            let there = try denial(data: "alice/\(name)")
            let guessed = try denial(data: "alice/none/\(name)")
            #expect(guessed == there.replacing("alice/\(name)", with: "alice/none/\(name)"))
        }
        for name in ["m", "model.gguf"] {
            let there = try denial(model: "alice/\(name)")
            #expect(
                try denial(model: "alice/none")
                    == there.replacing("alice/\(name)", with: "alice/none"))
        }
        // What is missing in an open folder is said to be missing.
        #expect(throws: PathError.self) { try check(stranger, data: "none.txt") }
        #expect(throws: ModelNotFound.self) { try check(stranger, model: "none") }
        #expect(throws: PathError.self) { try check(nil, data: "alice/none") }
    }

    @Test func `private texts are refused, too`() throws {
        try mode(0o600, "roots/t.txt")
        let error = try #require(refusal())
        #expect(error.kind == "data")
        #expect(throws: PathError.self) { try check(stranger, data: "../private/secret.txt") }
    }
}
