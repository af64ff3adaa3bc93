// `layerfold store …`: looking into the store and caring for it. Everything is read from the
// files; only `rebuild-index` touches SQLite, and refuses while a daemon has it open. `stat`, `ls`,
// `cat` and `verify` write nothing.

import ArgumentParser
import DurableIO
import Failures
import Foundation
import Jobs
import Runner
import Store
import SystemPackage

struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store", abstract: "Look into the store, verify it, clean it.",
        subcommands: [
            StoreStat.self, StoreList.self, StoreCat.self, StoreVerify.self, StoreGC.self,
            StorePin.self, StoreRebuildIndex.self,
        ])

    /// The store below a state folder that exists, to look at: nothing is written, so that it
    /// works for everybody who may read the files.
    static func look(into state: String) throws -> ContentStore {
        try expectStore(state)
        return try ContentStore(reading: FilePath(state))
    }

    /// The same to change, for the user whom it belongs to.
    static func open(_ state: String) throws -> ContentStore {
        try expectStore(state)
        try StateOwner.expectOwn(FilePath(state))
        return try ContentStore(state: FilePath(state))
    }

    private static func expectStore(_ state: String) throws {
        let format = FilePath(state + "/store/FORMAT")
        guard try Syscalls.stat(format) != nil else {
            throw Failure(.notFound, "\(state): holds no store; give --state")
        }
    }

    /// A digest from its first digits, if only one object has them.
    static func digest(_ text: String, in store: ContentStore) throws -> Digest {
        if let digest = Digest(hex: text) { return digest }
        guard text.count >= 4 else {
            throw Failure(.notFound, "`\(text)`: give at least 4 digits of an object's digest")
        }
        let matches = try store.objectDigests().filter { $0.hex.hasPrefix(text.lowercased()) }
        guard let only = matches.first else {
            throw Failure(
                .notFound, "no object begins with `\(text)`; `layerfold store ls` lists them")
        }
        guard matches.count == 1 else {
            throw Failure(
                .notFound, "`\(text)`: \(matches.count) objects begin so; give more digits")
        }
        return only
    }
}

struct StoreStat: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stat", abstract: "Totals, and totals by stage.")

    @OptionGroup var place: StatePlace
    @Flag(help: "Print JSON.") var json = false

    private struct Listing: Encodable {
        var objects = 0
        var rawBytes = 0
        var actions = 0
        var stages: [String: Int] = [:]
    }

    func run() throws {
        let store = try StoreCommand.look(into: place.state)
        var listing = Listing()
        for digest in try store.objectDigests() {
            listing.objects += 1
            listing.rawBytes += try store.info(of: digest)?.rawBytes ?? 0
        }
        for key in try store.actionKeys() {
            guard let record = try? store.loadAction(key) else { continue }
            listing.actions += 1
            listing.stages[record.key.stage, default: 0] += 1
        }
        if json { return try Terminal.json(listing) }
        Terminal.table(
            [
                ["objects", "\(listing.objects)"], ["raw bytes", "\(listing.rawBytes)"],
                ["actions", "\(listing.actions)"],
            ] + listing.stages.sorted { $0.key < $1.key }.map { ["  " + $0.key, "\($0.value)"] },
            hasHeader: false)
    }
}

struct StoreList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "List actions with their outputs.")

    @OptionGroup var place: StatePlace
    @Option(help: "Only this stage.") var stage: String?
    @Flag(help: "Print JSON.") var json = false

    /// Why there is nothing to list of a stage.
    /// - Parameter stages: those of which the store holds something.
    static func missing(_ stage: String, among stages: [String]) -> String {
        let start = "the store holds nothing of a stage `\(stage)`"
        if let near = Spelling.nearest(to: stage, in: stages) {
            return start + "; did you mean `\(near)`?"
        }
        return stages.isEmpty
            ? start + ", nor of any other"
            : start + "; it does of " + stages.map { "`\($0)`" }.joined(separator: ", ")
    }

    private struct Row: Encodable {
        let key: String
        let stage: String
        let role: String
        let digest: String
        let bytes: Int
    }

    func run() throws {
        let store = try StoreCommand.look(into: place.state)
        var rows: [Row] = []
        var stages: Set<String> = []
        for key in try store.actionKeys() {
            guard let record = try? store.loadAction(key) else { continue }
            stages.insert(record.key.stage)
            guard stage ?? record.key.stage == record.key.stage else { continue }
            rows += record.outputs.map {
                Row(
                    key: key.hex, stage: record.key.stage, role: $0.role, digest: $0.digest.hex,
                    bytes: $0.byteCount)
            }
        }
        if let stage, !stages.contains(stage) {
            throw Failure(.notFound, Self.missing(stage, among: stages.sorted()))
        }
        if json { return try Terminal.json(rows) }
        Terminal.table(
            [["stage", "role", "bytes", "object", "action"]]
                + rows.map {
                    [$0.stage, $0.role, "\($0.bytes)", $0.digest, String($0.key.prefix(12))]
                })
    }
}

struct StoreCat: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cat", abstract: "Write an object's raw bytes to standard output or a file.")

    @Argument(help: "A digest, or its first digits.") var object: String
    @OptionGroup var place: StatePlace
    @Option(help: "Write to this file instead.") var output: String?
    @Flag(help: "Print what was written as JSON (with --output).") var json = false

    func run() throws {
        let target = try output.map { try NamedOutput($0) } ?? .standardOutput
        if json, case .standardOutput = target {
            throw Failure(
                .usage, "--json: standard output holds the object; name a file with --output")
        }
        let store = try StoreCommand.look(into: place.state)
        let digest = try StoreCommand.digest(object, in: store)
        let extracted: Fetched<ObjectFooter>
        if case .file(let path) = target {
            extracted = try store.extract(digest, to: path)
        } else {
            extracted = try store.read(digest) { piece in
                try unsafe piece.withUnsafeBytes { bytes in
                    try target.write(unsafe Array(bytes))
                }
            }
        }
        switch extracted {
        case .found(let footer):
            if json, let output {
                try Terminal.json([
                    "digest": digest.hex, "output": output, "bytes": "\(footer.rawBytes)",
                ])
            }
        case .missing: throw Failure(.notFound, "\(digest.hex): no such object")
        case .damaged(let damage):
            throw Failure(
                .integrity,
                "\(digest.hex): damaged (\(damage.fault)); store verify --repair sets it aside")
        }
    }
}

struct StoreRebuildIndex: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild-index", abstract: "Make the SQLite index anew from the files.")

    @OptionGroup var place: StatePlace
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let report: IndexRebuildReport
        do { report = try StoreIndex.rebuild(try StoreCommand.open(place.state)) } catch {
            throw error as? Failure ?? Failure(.refused, FaultText.describe(error))
        }
        if json {
            return try Terminal.json([
                "actions": report.imported.actionsAdded, "objects": report.imported.objectsAdded,
                "jobs_kept": report.jobsKept ?? 0,
            ])
        }
        Terminal.line(
            "\(report.imported.objectsAdded) objects and \(report.imported.actionsAdded) actions "
                + "indexed, \(report.jobsKept ?? 0) jobs kept")
    }
}
