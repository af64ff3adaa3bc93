// For every n: the n-th kernel call of the inbox and of publishing fails, or is the last. A
// manifest becomes one job, neither none nor two; results are whole or not there.

import DurableIO
import Foundation
import Glibc
import Jobs
import Logging
import Store
import SystemPackage
import TestSupport
import Testing

@testable import Daemon

@Suite struct KernelCallSweepTests {
    enum Kind: String, CaseIterable {
        case ioError, noSpace, death, interrupted, quota

        var fault: FaultPlan.Fault {
            switch self {
            case .ioError: .error(.ioError)
            case .noSpace: .error(.noSpace)
            case .death: .death
            case .interrupted: .error(.interrupted)
            case .quota: .error(.diskQuotaExceeded)
            }
        }
    }

    private static let manifest =
        "{version: 1, model: m, compress: [{method: reverse, ratios: [0.5]}]}"

    @Test(arguments: Kind.allCases)
    func `results are published whole or not at all`(kind: Kind) async throws {
        let folder = try TestFolder()
        let results = folder.file("results")
        try Syscalls.makeFolders(results)
        let description = try ManifestParser.parse(bytes: Data(Self.manifest.utf8), name: "x")
        let record = JobRecord(
            id: JobIdentifier.make(now: 1), source: "x.yaml", owner: 0,
            submittedAtMilliseconds: 1, manifestDigest: "", description: description)
        let partial = results.appending(record.partialResultsName)
        let final = results.appending(record.resultsName)
        var number = 1
        while true {
            try? FileManager.default.removeItem(atPath: final.string)
            try Syscalls.makeFolders(partial)
            try folder.write("{}", to: partial.appending("report.json"))
            let plan = FaultPlan(kind.fault, atCall: number)
            let publisher = Publisher(results: results)
            let failure = await FaultPlan.$current.withValue(plan) {
                await publisher.publish(record)
            }
            if TestFolder.exists(final.appending("DONE")) {
                #expect(TestFolder.exists(final.appending("report.json")), "call \(number)")
            } else {
                #expect(failure != nil, "call \(number)")
            }
            if kind == .interrupted { #expect(failure == nil, "call \(number) is repeated") }
            #expect(await publisher.publish(record) == nil, "call \(number)")
            #expect(TestFolder.exists(final.appending("DONE")))
            #expect(TestFolder.exists(final.appending("report.json")))
            #expect(!TestFolder.exists(partial))
            if !plan.hasFired { break }
            number += 1
        }
        #expect(number > 5)
        FaultRounds.tell(rounds: number - 1)
    }

    @Test(arguments: Kind.allCases)
    func `a manifest becomes one job, whatever call fails on its way`(kind: Kind) async throws {
        let folder = try TestFolder()
        let configuration = DaemonConfiguration(
            folders: StateFolders(state: folder.file("state")), modelRoots: [folder.path],
            dataRoots: [folder.path], worker: "/bin/false")
        let folders = configuration.folders
        try folders.make()
        let index = try IndexDatabase(path: folders.index)
        let source = folders.inbox.appending("x.yaml")
        var number = 1
        while true {
            try folder.write(Self.manifest, to: source)
            let before = try index.jobIdentifiers()
            let plan = FaultPlan(kind.fault, atCall: number)
            let claim = Claim(
                id: JobIdentifier.make(now: number), name: "x.yaml", spool: folders.spool)
            let (_, first) = try await daemon(configuration, index)
            await FaultPlan.$current.withValue(plan) {
                try? claim.take(source)
                await first.finishClaims()
            }
            // The next daemon finds what this one left.
            let (_, second) = try await daemon(configuration, index)
            await second.finishClaims()
            if TestFolder.exists(source) {
                let claim = Claim(
                    id: JobIdentifier.make(now: number), name: "x.yaml", spool: folders.spool)
                try claim.take(source)
                await second.finishClaims()
            }
            let added = try index.jobIdentifiers().subtracting(before)
            #expect(added.count == 1, "call \(number)")
            for id in added {
                #expect(try JobFolder(folders.job(id)).record() != nil, "call \(number)")
            }
            #expect(TestFolder.names(in: folders.spool).isEmpty, "call \(number)")
            #expect(TestFolder.names(in: folders.rejected).isEmpty, "call \(number)")
            #expect(!TestFolder.exists(source), "call \(number)")
            if !plan.hasFired { break }
            number += 1
        }
        #expect(number > 20)
        FaultRounds.tell(rounds: number - 1)
    }

    /// A daemon's inbox and queue, which starts no worker.
    private func daemon(
        _ configuration: DaemonConfiguration, _ index: IndexDatabase
    ) async throws -> (JobQueue, Inbox) {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let settings = LiveConfiguration(configuration)
        let queue = JobQueue(
            settings: settings, index: index, health: Health(),
            notifier: Notifier(environment: [:], process: 1), logger: logger)
        try await queue.recover(claimed: Set(Claim.all(in: configuration.folders.spool).map(\.id)))
        return (queue, Inbox(settings: settings, queue: queue, logger: logger))
    }
}
