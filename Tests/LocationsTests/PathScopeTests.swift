// What a manifest may name: below the daemon's roots, or anything that a person may read.

import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Locations

@Suite struct PathScopeTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder("scope") }

    /// `inside/file`, `outside/file`, and links from inside to both.
    private func make() throws -> FilePath {
        let base = try #require(RealPath.of(FilePath(folder.path)))
        let manager = FileManager.default
        for name in ["inside", "outside"] {
            let part = base.appending(name)
            try manager.createDirectory(atPath: part.string, withIntermediateDirectories: true)
            try Data().write(to: URL(filePath: part.appending("file").string))
        }
        for (link, target) in [("near", "file"), ("far", "../outside/file")] {
            try manager.createSymbolicLink(
                atPath: base.pushing(FilePath("inside/\(link)")).string,
                withDestinationPath: target)
        }
        return base
    }

    @Test func aPersonNamesAnything() throws {
        let base = try make()
        let scope = PathScope.anywhere(from: base.appending("inside"))
        let far = base.pushing(FilePath("outside/file"))
        for path in ["far", "../outside/file", far.string, "./.././outside//file"] {
            let found = try scope.locate(path, kind: "data")
            #expect(found.path == far && found.fence == "/")
        }
        #expect(
            try scope.locate("~", kind: "data").path == RealPath.of(FilePath(NSHomeDirectory())))
        let error = #expect(throws: PathError.self) { try scope.locate("no", kind: "data") }
        #expect("\(try #require(error))".contains(base.pushing(FilePath("inside/no")).string))
    }

    @Test func theDaemonStaysBelowItsRoots() throws {
        let base = try make()
        let root = base.appending("inside")
        let scope = PathScope.below([root])
        let file = root.appending("file")
        for path in ["file", "near", file.string] {
            let found = try scope.locate(path, kind: "data")
            #expect(found.path == file && found.fence == root)
        }
        for path in ["far", "../outside/file", base.pushing(FilePath("outside/file")).string] {
            let error = #expect(throws: PathError.self) { try scope.locate(path, kind: "data") }
            guard case .outside = try #require(error) else { Issue.record("\(path)"); continue }
        }
        // Nobody learns by asking what there is elsewhere.
        for path in ["../outside/none", base.pushing(FilePath("outside/none")).string, "/none"] {
            let error = #expect(throws: PathError.self) { try scope.locate(path, kind: "data") }
            guard case .outside = try #require(error) else { Issue.record("\(path)"); continue }
        }
        // A root of several that might have it.
        let both = PathScope.below([root, base.appending("outside")])
        for path in ["none", base.pushing(FilePath("outside/none")).string] {
            let error = #expect(throws: PathError.self) { try both.locate(path, kind: "data") }
            guard case .notFound = try #require(error) else { Issue.record("\(path)"); continue }
        }
    }

    @Test func aRootThatIsNotSeenIsNamed() throws {
        let scope = PathScope.below(["/nowhere/at/all"])
        let error = #expect(throws: PathError.self) { try scope.locate("m", kind: "model") }
        #expect("\(try #require(error))".contains("ProtectHome=yes"))
    }
}
