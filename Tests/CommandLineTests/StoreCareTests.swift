// `layerfold store gc`, `pin` and `verify` on a store that a job filled.

import Foundation
import Jobs
import Store
import SystemPackage
import TestSupport
import Testing

@Suite struct StoreCareTests {
    private static let id = "01J00000000000000000000001"

    private func object(_ outcome: Outcome) throws -> [String: Any] {
        try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any],
            "\(outcome.errors)")
    }

    private func gc(_ state: String, _ words: String...) throws -> [String: Any] {
        try object(
            try layerfold(
                ["store", "gc", "--state", state, "--limit", "0", "--grace", "0", "--json"] + words)
        )
    }

    /// A state folder with the results of one job, as a daemon has it.
    private func make() throws -> (TemporaryFolder, state: String) {
        let (folder, job) = try Workshop.make()
        let state = folder.path + "/state"
        let outcome = try layerfold("run", job, "--state", state, "--output", folder.path + "/out")
        try #require(outcome.status == 0, "\(outcome.errors)")
        let report = outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)
        let results = state + "/results/tiny-\(Self.id)"
        try FileManager.default.createDirectory(
            atPath: results, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: report, toPath: results + "/report.json")
        return (folder, state)
    }

    @Test("a job is pinned, what is not goes, told before in bytes and seconds")
    func collects() throws {
        let (folder, state) = try make()
        defer { withExtendedLifetime(folder) {} }
        let pinned = try object(
            try layerfold(
                "store", "pin", "--job", "tiny", "--state", state, "--owner", "anna", "--json"))
        let count = try #require(pinned["count"] as? Int)
        #expect(count >= 3, "tokens, activations, similarity at least")
        let before = try gc(state, "--dry-run")
        let first = try gc(state)
        #expect(first["actions"] as? Int == before["actions"] as? Int)
        #expect(first["freed_bytes"] as? Int == before["freed_bytes"] as? Int)
        #expect(first["is_over_limit"] as? Bool == true)
        #expect(first["protected_bytes"] as? Int == first["kept_bytes"] as? Int)
        #expect((first["kept_bytes"] as? Int ?? 0) > 0)
        let again = try layerfold(
            "store", "pin", "--job", Self.id, "--state", state, "--owner", "anna", "--remove")
        #expect(again.status == 0)
        #expect(again.output.contains("\(count) unpinned"))
        let second = try gc(state)
        #expect(second["actions"] as? Int == count)
        #expect((second["seconds_to_compute"] as? Double ?? 0) > 0)
        #expect(second["kept_bytes"] as? Int == 0)
        #expect(second["stuck"] as? [String] == [])
        // unlink(2) refuses a folder, to root as well.
        let folderOfAction = "/store/act/ab/ab\(String(repeating: "0", count: 62)).json"
        try FileManager.default.createDirectory(
            atPath: state + folderOfAction, withIntermediateDirectories: true)
        let stuck = try #require(try gc(state)["stuck"] as? [String])
        #expect(stuck.count == 1 && stuck[0].hasSuffix(folderOfAction))
        for words in [["--job", "tiny"], ["--job", "other"], [], ["abcd", "--job", "tiny"]] {
            #expect(try layerfold(["store", "pin", "--state", state] + words).status != 0)
        }
        #expect(try layerfold("store", "gc", "--state", state, "--grace=-1").status == 2)
        let sized = try layerfold("store", "gc", "--state", state, "--limit", "1.5 GiB", "--json")
        #expect(try object(sized)["is_over_limit"] as? Bool == false)
        for (limit, words) in [
            ("500", "write 500G"), ("5 furlongs", "units are"), ("-1", "not an amount"),
        ] {
            let outcome = try layerfold("store", "gc", "--state", state, "--limit", limit)
            #expect(outcome.status == 2 && outcome.errors.contains(words), "\(outcome.errors)")
        }
    }

    @Test("a stage of which the store holds nothing is told, with those of which it does")
    func stages() throws {
        let (folder, state) = try make()
        defer { withExtendedLifetime(folder) {} }
        func list(_ stage: String) throws -> Outcome {
            try layerfold("store", "ls", "--state", state, "--stage", stage, "--json")
        }
        #expect(try list("similarity").status == 0)
        for (stage, words) in [
            ("similarty", "did you mean `similarity`?"), ("x", "`activations`"),
        ] {
            let outcome = try list(stage)
            #expect(outcome.status == 3 && outcome.errors.contains(words), "\(outcome.errors)")
        }
    }

    @Test("what a running job may need stays, however old; what waits or is held needs nothing yet")
    func sparesRunningJobs() throws {
        let (folder, state) = try make()
        defer { withExtendedLifetime(folder) {} }
        let index = try IndexDatabase(path: StoreLayout(state: FilePath(state)).index)
        var row = JobRow(
            id: Self.id, name: "tiny", owner: 0, manifestDigest: "", state: "queued",
            submittedAt: 1)
        _ = try index.insertJob(row)
        // Long before anything in the store was used; while the daemon has its index open.
        row = try #require(try index.job(Self.id))
        row.startedAt = 1
        func removed(_ state: JobState, notBefore: Int? = nil) throws -> Int? {
            row.state = state.rawValue
            row.notBefore = notBefore
            try index.commit([.init(job: row)])
            return try gc(folder.path + "/state", "--dry-run")["actions"] as? Int
        }
        for state in [JobState.running, .publishing, .cancelling] {
            #expect(try removed(state) == 0, "\(state)")
        }
        #expect(try removed(.queued, notBefore: 1) == 0)
        for state in [JobState.queued, .held, .done, .failed, .cancelled] {
            #expect(try removed(state) ?? 0 > 0, "\(state)")
        }
    }

    @Test("where nobody can tell what running jobs need, nothing is removed")
    func sparesWhereUnknown() throws {
        let (folder, state) = try make()
        defer { withExtendedLifetime(folder) {} }
        let index = StoreLayout(state: FilePath(state)).index
        try FileManager.default.createDirectory(
            atPath: index.removingLastComponent().string, withIntermediateDirectories: true)
        try Data(String(repeating: "this is no database. ", count: 500).utf8).write(
            to: URL(filePath: index.string))
        let outcome = try layerfold(
            "store", "gc", "--state", state, "--limit", "0", "--grace", "0")
        #expect(outcome.status == 4)
        #expect(outcome.errors.contains("rebuild-index"), "\(outcome.errors)")
        try FileManager.default.removeItem(atPath: index.string)
        #expect(try gc(state)["actions"] as? Int ?? 0 > 0)
    }

    @Test("verification in parts names the jobs that used what is damaged")
    func verifies() throws {
        let (folder, state) = try make()
        defer { withExtendedLifetime(folder) {} }
        let sound = try layerfold(
            "store", "verify", "--subset", "1/1", "--resume", "--rate", "1000", "--state", state)
        #expect(sound.status == 0, "\(sound.output)")
        for subset in ["0/4", "5/4", "x", "1/0", "1/2/3"] {
            let outcome = try layerfold("store", "verify", "--subset", subset, "--state", state)
            #expect(outcome.status == 2)
            #expect(outcome.errors.contains("such as 3/30"))
        }
        #expect(try layerfold("store", "verify", "--rate", "0", "--state", state).status == 2)
        // The last byte of the largest object is the end of its footer.
        let objects = try FileManager.default.subpathsOfDirectory(atPath: state + "/store/obj")
            .filter { $0.hasSuffix(".zst") }
            .map { state + "/store/obj/" + $0 }
        let sizes = try objects.map { path in
            (path, try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0)
        }
        let largest = try #require(sizes.max { $0.1 < $1.1 }).0
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: largest)
        var bytes = try Data(contentsOf: URL(filePath: largest))
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: URL(filePath: largest))
        // Owners change their results as they like: a pipe and an endless file hold up nobody.
        let id = "01" + Self.id.dropFirst(2).reversed()
        for (name, command) in [("pipe", "mkfifo"), ("zeros", "ln -s /dev/zero")] {
            let results = "\(state)/results/4711/\(name)-\(id)"
            #expect(
                try shell("mkdir -p \(results) && \(command) \(results)/report.json").status == 0)
        }
        let outcome = try layerfold("store", "verify", "--json", "--state", state)
        #expect(outcome.status == 6)
        #expect(try object(outcome)["affectedJobs"] as? [String] == [Self.id])
        #expect(try layerfold("store", "verify", "--repair", "--state", state).status == 6)
        #expect(try layerfold("store", "verify", "--state", state).status == 0)
    }
}
