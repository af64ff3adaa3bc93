// Results that cannot be put in place wait for somebody to make room; nothing is computed again,
// and nobody takes half of them for whole.

import DurableIO
import Failures
import Foundation
import Glibc
import Jobs
import Publication
import SystemPackage
import Testing

@testable import Daemon

@Suite struct PublisherTests {
    private let folder: TestFolder
    private let record: JobRecord

    init() throws {
        folder = try TestFolder()
        let text = "{version: 1, model: m, compress: [{method: reverse, ratios: [0.5]}]}"
        record = JobRecord(
            id: JobIdentifier.make(now: 1), source: "x.yaml", owner: 4_242,
            submittedAtMilliseconds: 1, manifestDigest: "",
            description: try ManifestParser.parse(bytes: Data(text.utf8), name: "x"))
        let partial = results.appending(record.partialResultsName)
        try Syscalls.makeFolders(partial)
        try folder.write("{}", to: partial.appending("report.json"))
    }

    private var results: FilePath { folder.file("results") }
    private var final: FilePath { results.appending(record.resultsName) }

    @Test func `whatever stands in the place of a user's folder is told, and then helped`()
        async throws
    {
        let publisher = Publisher(results: results)
        let home = results.appending("4242")
        try folder.write("", to: home)
        let failure = try #require(await publisher.publish(record))
        #expect(failure.failureClass == .transient)
        #expect(failure.message.contains(home.string))
        try Syscalls.unlink(home)
        try Syscalls.makeFolders(folder.file("elsewhere"))
        _ = unsafe symlink(folder.file("elsewhere").string, home.string)
        #expect(await publisher.publish(record)?.failureClass == .transient)
        #expect(TestFolder.names(in: folder.file("elsewhere")).isEmpty, "a link is not followed")
        try Syscalls.unlink(home)
        #expect(await publisher.publish(record) == nil)
        #expect(try ResultCheck.run(final).isSound)
        #expect(await publisher.publish(record) == nil, "and again")
    }

    @Test func `a name that somebody took before is never written into`() async throws {
        try Syscalls.makeFolders(final)
        try folder.write("mine", to: final.appending("note"))
        let publisher = Publisher(results: results)
        let failure = try #require(await publisher.publish(record))
        #expect(failure.failureClass == .user)
        #expect(failure.message.contains(final.string))
        #expect(TestFolder.names(in: final) == ["note"])
        #expect(!Publisher.isPublished(record, in: results))
        try Syscalls.rename(final, to: results.appending("4242").appending("mine"))
        #expect(await publisher.publish(record) == nil)
        #expect(try ResultCheck.run(final).isSound)
    }

    @Test func `where no rename is exclusive, results get their name, and take nobody's`()
        async throws
    {
        // As on NFS.
        let plan = FaultPlan(hasExclusiveRenames: false)
        try Syscalls.makeFolders(final)
        try folder.write("mine", to: final.appending("note"))
        let publisher = Publisher(results: results)
        let failure = await FaultPlan.$current.withValue(plan) { await publisher.publish(record) }
        #expect(failure?.failureClass == .user)
        #expect(failure?.message.contains("somebody else") == true)
        #expect(TestFolder.names(in: final) == ["note"])
        try Syscalls.rename(final, to: results.appending("4242").appending("mine"))
        let second = await FaultPlan.$current.withValue(plan) { await publisher.publish(record) }
        #expect(second == nil)
        #expect(plan.refusedRenames == 2)
        #expect(try ResultCheck.run(final).isSound)
        #expect(!TestFolder.exists(results.appending(record.partialResultsName)))
    }

    @Test func `results of an earlier daemon are found where it put them`() async throws {
        let flat = results.appending(record.flatResultsName)
        try Syscalls.rename(results.appending(record.partialResultsName), to: flat)
        #expect(!Publisher.isPublished(record, in: results), "it has no DONE yet")
        #expect(await Publisher(results: results).publish(record) == nil)
        #expect(Publisher.folder(of: record, in: results) == flat)
        #expect(try ResultCheck.run(flat).isSound)
    }

    @Test func `folders of everybody's secrets are closed to everybody else`() throws {
        let folders = StateFolders(state: folder.file("state"))
        try Syscalls.makeFolders(folders.store, mode: 0o750)
        try Syscalls.makeFolders(folders.jobs, mode: 0o755)
        try folders.make()
        for path in [folders.store, folders.jobs, folders.index.removingLastComponent()] {
            #expect(try Syscalls.stat(path)?.permissions == 0o700, "\(path)")
        }
    }
}
