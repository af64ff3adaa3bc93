// Invariants 1, 2 and 4 of the store (docs/STORE_FORMAT.md) and those of results on random disks
// that lost a part of what was not synced, behind every call of one recorded run that puts,
// records, pins, quarantines, collects and publishes. It is a sample, as large as is asked for, of
// one order of calls; what is looked at is the model of a disk, no files are read back.

import DurableIO
import Glibc
import Publication
import SystemPackage
import TestSupport
import Testing

@testable import Store

@Suite struct CrashModelTests {
    /// What was done, call by call, and what has to hold.
    private struct Recording {
        /// From here to `until`, the file must be there.
        struct Promise {
            let path: FilePath
            let since: Int
            var until = Int.max
        }

        let model: CrashModel
        let trace: [FaultPlan.Entry]
        let promises: [Promise]
        /// Names that are whole or not there.
        let files: [FilePath]
        /// Actions with their objects, and DONE with what it vouches for.
        let vouchers: [(FilePath, [FilePath])]
    }

    /// Does everything once, undisturbed.
    private func record(_ state: FilePath) throws -> Recording {
        let results = state.appending("results")
        try Syscalls.makeFolders(results)
        do { _ = try ContentStore(state: state) }
        let model = try CrashModel(of: state)
        let plan = FaultPlan()
        var promises: [Recording.Promise] = []
        var files: [FilePath] = []
        var vouchers: [(FilePath, [FilePath])] = []
        try FaultPlan.$current.withValue(plan) {
            func promise(_ path: FilePath) {
                promises.append(.init(path: path, since: plan.trace.count))
                files.append(path)
            }
            let store = try ContentStore(state: state)
            let layout = store.layout
            var generator = SeededGenerator(seed: 5)
            var objects: [StoredObject] = []
            for count in [10, 50_000, 3_000_000] {
                objects.append(try store.put(generator.bytes(count)))
                promise(layout.object(objects[objects.count - 1].digest))
            }
            for (number, outputs) in [[0, 1], [1, 2], [0]].enumerated() {
                _ = try store.record(
                    key(number),
                    outputs: outputs.map { ActionOutput(role: "\($0)", objects[$0]) },
                    seconds: 0, peakBytes: 0)
                let path = layout.action(key(number).digest)
                promise(path)
                vouchers.append((path, outputs.map { layout.object(objects[$0].digest) }))
            }
            try store.pin(key(2).digest, owner: "anna", reason: "a paper")
            promise(layout.pins.appending("\(key(2).digest.hex)-anna.json"))
            // Before anything is removed, nothing may be missed.
            let removal = plan.trace.count
            let damaged = objects[2].digest
            _ = try store.quarantine(
                damaged, .endMagic, try Syscalls.stat(layout.object(damaged)))
            try ageEverything(store)
            var policy = CollectorPolicy()
            policy.limit = .bounds(CacheBounds(0))
            policy.graceSeconds = 0
            _ = try store.collect(policy)
            #expect(try store.actionKeys() == [key(2).digest], "the others went")
            for index in promises.indices
            where try Syscalls.stat(promises[index].path) == nil {
                promises[index].until = removal
            }
            let (done, results) = try publish(in: results)
            promises.append(.init(path: done, since: plan.trace.count))
            files.append(done)
            vouchers.append((done, results))
            files.append(layout.clock)
        }
        return Recording(
            model: model, trace: plan.trace, promises: promises, files: files, vouchers: vouchers)
    }

    /// A worker's results put in place.
    /// - Returns: DONE, and the files that it vouches for.
    private func publish(in results: FilePath) throws -> (FilePath, [FilePath]) {
        let partial = results.appending(".x.partial")
        let final = results.appending("x")
        try Syscalls.mkdir(partial)
        try Syscalls.mkdir(partial.appending("model"))
        try DurableFile.write([1, 2], to: partial.appending("report.json"))
        // What others write is not synced by them.
        let plain = partial.appending("model").appending("weights")
        let descriptor = try Syscalls.open(plain, O_WRONLY | O_CREAT, mode: 0o600)
        for _ in 0..<3 { try unsafe Syscalls.write(descriptor, plain, [7].span.bytes) }
        try Syscalls.close(descriptor, plain)
        _ = try Publication(final).place(partial)
        return (
            final.appending("DONE"),
            [final.appending("report.json"), final.appending("model").appending("weights")]
        )
    }

    /// Tries at least `rounds` disks, spread evenly over all moments; ends behind the moment that
    /// has shown twenty violations.
    /// - Returns: What was wrong with them, and how many were tried.
    private func violations(
        _ recording: Recording, _ trace: [FaultPlan.Entry], rounds: Int, seed: UInt64
    ) -> (found: [String], tried: Int) {
        // What a whole file has: files that are removed again have all their writes before that.
        var whole: [FilePath: Int] = [:]
        var replayed = recording.model
        for entry in recording.trace {
            replayed.replay(entry)
            for file in recording.files + recording.vouchers.flatMap(\.1) {
                if let writes = replayed.writes(replayed.names(file)) {
                    whole[file] = max(whole[file] ?? 0, writes)
                }
            }
        }
        let changing: Set<SystemCall> = [
            .open, .mkdir, .write, .copyRange, .fsync, .syncfs, .rename, .link, .unlink, .rmdir,
        ]
        let moments = trace.count { changing.contains($0.call) }
        var generator = SeededGenerator(seed: seed)
        var found: [String] = []
        var tried = 0
        var model = recording.model
        for (index, entry) in trace.enumerated() {
            model.replay(entry)
            guard changing.contains(entry.call) else { continue }
            for _ in 0..<max(1, (rounds + moments - 1) / moments) {
                tried += 1
                found += model.crash(using: &generator) { disk in
                    Self.violations(recording, disk, whole, at: index, model.names)
                }
            }
            if found.count > 20 { break }
        }
        return (found, tried)
    }

    private static func violations(
        _ recording: Recording, _ disk: CrashModel.Disk, _ whole: [FilePath: Int], at index: Int,
        _ names: (FilePath) -> [String]
    ) -> [String] {
        var found: [String] = []
        for file in recording.files {
            guard let writes = disk.writes(names(file)) else { continue }
            if writes < whole[file] ?? 1 { found.append("call \(index): `\(file)` is not whole") }
        }
        for (voucher, files) in recording.vouchers where disk.has(names(voucher)) {
            for file in files where (disk.writes(names(file)) ?? -1) < whole[file] ?? 1 {
                found.append("call \(index): `\(voucher)` names `\(file)`, which is not there")
            }
        }
        for promise in recording.promises
        where (promise.since..<promise.until).contains(index) && !disk.has(names(promise.path)) {
            found.append("call \(index): `\(promise.path)` was promised and is lost")
        }
        return found
    }

    @Test("no disk of a random sample that lost what was not synced breaks an invariant")
    func invariants() throws {
        let state = try TemporaryState(in: FaultRounds.memory)
        let recording = try record(state.path)
        var model = recording.model
        for entry in recording.trace { model.replay(entry) }
        #expect(model.rewritten == [], "nothing outside tmp/ is opened for writing")
        let rounds = FaultRounds.count(5000)
        let (found, tried) = violations(
            recording, recording.trace, rounds: rounds, seed: FaultRounds.seed)
        #expect(found == [])
        #expect(found != [] || tried >= rounds)
        FaultRounds.tell(rounds: tried)
    }

    @Test(
        "the model sees that all syncs of a place are left out",
        arguments: ["/tmp/", "/act/", "/obj/", "/pins", "results"])
    func sensitivity(place: String) throws {
        let state = try TemporaryState(in: FaultRounds.memory)
        let recording = try record(state.path)
        let trace = recording.trace.filter { entry in
            let isSync = entry.call == .fsync || entry.call == .syncfs
            return
                !(isSync
                && entry.path.string.dropFirst(state.path.string.count)
                    .contains(place.first == "/" ? place : "/" + place))
        }
        #expect(trace.count < recording.trace.count)
        // Promises count calls, of which some are left out here.
        let loose = Recording(
            model: recording.model, trace: recording.trace,
            promises: recording.promises.map { promise in
                let left = recording.trace.count - trace.count
                return .init(
                    path: promise.path, since: promise.since,
                    until: promise.until == .max ? .max : promise.until - left)
            }, files: recording.files, vouchers: recording.vouchers)
        // Of results the last call alone counts: its disks are few among those of all calls.
        let rounds = place == "results" ? 60_000 : 3000
        #expect(!violations(loose, trace, rounds: rounds, seed: 1).found.isEmpty)
    }
}
