// Names as the system has them, and folders of results as their owners may leave them.

import DurableIO
import Foundation
import SystemPackage
import Testing

@testable import Daemon

@Suite struct PeopleTests {
    @Test func `numbers without a name are told as numbers, and a name is no number`() async throws
    {
        let people = People(uptime: ManualClock().daemonClock.uptime)
        let names = await people.names(of: [0, 4_000_000_001, -1, 0])
        #expect(names == [0: "root", 4_000_000_001: "user 4000000001", -1: "user -1"])
        #expect(await people.find(4_000_000_001).name == "4000000001")
        #expect(try await people.number(named: "root") == 0)
        // A proxy says names: a number that it says is nobody's.
        #expect(try await people.number(named: "0") == nil)
    }
}

@Suite struct HeldFolderTests {
    @Test func `nothing is read through a link, and errors name the path that people know`() throws
    {
        let folder = try TestFolder()
        let results = folder.file("results")
        try Syscalls.makeFolders(results)
        try folder.write("secret", to: folder.file("secret"))
        try folder.write("sound", to: results.appending("file"))
        for (name, target) in [("results/link", "secret"), ("way", "results")] {
            try FileManager.default.createSymbolicLink(
                atPath: folder.file(name).string, withDestinationPath: folder.file(target).string)
        }
        let held = try HeldFolder(results)
        #expect(try held.readWhole("file", bytesMax: 5) == Array("sound".utf8))
        #expect(try held.byteCount(of: "file") == 5)
        #expect(try held.read("file", from: 2, bytesMax: 2).bytes == Array("un".utf8))
        #expect(try held.byteCount(of: "link") == nil)
        #expect(throws: SystemCallError.self) { try HeldFolder(folder.file("way")) }
        for read in [
            { _ = try held.readWhole("link", bytesMax: 100) },
            { _ = try held.read("link", from: 0, bytesMax: 100) },
        ] {
            let error = #expect(throws: SystemCallError.self) { try read() }
            #expect(error?.path == results.appending("link"))
        }
        let large = #expect(throws: HeldFolder.TooLarge.self) {
            try held.readWhole("file", bytesMax: 4)
        }
        #expect(large?.path == results.appending("file"))
    }
}
