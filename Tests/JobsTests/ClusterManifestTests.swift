// What manifests and settings say of a cluster.

import Foundation
import Jobs
import Testing

@Suite struct ClusterManifestTests {
    private func job(_ rest: String) throws -> JobDescription {
        let text = """
            version: 1
            model: m
            compress: [{method: reverse, ratios: [0.5]}]
            \(rest)
            """
        return try ManifestParser.parse(bytes: Data(text.utf8), name: "j")
    }

    private func settings(_ text: String) throws -> ServerSettings {
        try ServerSettings.parse(bytes: Data(text.utf8))
    }

    @Test func `resources are read, and read back from JSON`() throws {
        let job = try job(
            """
            run_on: slurm
            resources: {account: lab, partition: long, qos: q, time: 4h, memory: 48G, cpus: 8,
              constraint: "a&b", extra: ["--gres=gpu:1"]}
            """)
        #expect(job.runOn == .slurm)
        #expect(
            job.resources
                == .init(
                    account: "lab", partition: "long", qos: "q", minutes: 240,
                    memoryBytes: 48_000_000_000, cpus: 8, constraint: "a&b",
                    extra: ["--gres=gpu:1"]))
        let json = try job.canonicalJSON()
        #expect(try JSONDecoder().decode(JobDescription.self, from: json) == job)
        #expect(try ManifestParser.parse(bytes: json, name: "j") == job)
    }

    @Test func `a job that says nothing of it does not mention it`() throws {
        let json = String(decoding: try job("").canonicalJSON(), as: UTF8.self)
        #expect(!json.contains("run_on") && !json.contains("resources"))
    }

    @Test(arguments: [
        "run_on: pbs", "run_on: local\nresources: {cpus: 2}", "resources: {time: 90}",
        "resources: {time: 0h}", "resources: {time: 4m}", "resources: {time: 900d}",
        "resources: {partition: \"a b\"}", "resources: {extra: [\"--nodelist=/etc/x\"]}",
        "resources: {account: -x}", "resources: {cpus: 0}", "resources: {gpu: 1}",
        "resources: {extra: [\"--output=/etc/x\"]}", "resources: {extra: [\"--uid=0\"]}",
        "resources: {extra: [\"--wrap=x\"]}", "resources: {extra: [gres]}",
        "resources: {extra: [\"--gres\"]}", "resources: {extra: [\"--gres=\"]}",
        "resources: {extra: [\"--nodelist\", \"--gres=/etc/x\"]}",
        "resources: {memory: 0.5}",
    ]) func `what is no resource is refused with its place`(_ text: String) {
        #expect(throws: ManifestError.self) { try job(text) }
    }

    @Test func `options that stand alone may`() throws {
        let job = try job("resources: {extra: [--exclusive, --nice, --spread-job]}")
        #expect(job.resources?.extra == ["--exclusive", "--nice", "--spread-job"])
    }

    @Test func `the job's words go over those of the settings`() throws {
        let own = JobDescription.Resources(partition: "short", extra: ["--nice=1"])
        let common = JobDescription.Resources(
            account: "lab", partition: "long", extra: ["--exclusive"])
        #expect(
            own.over(common)
                == .init(
                    account: "lab", partition: "short", extra: ["--exclusive", "--nice=1"]))
    }

    @Test func `settings of a cluster`() throws {
        let found = try settings(
            """
            run_on: slurm
            cluster:
              submit: [ssh, login, sbatch]
              partition: long
              extra: ["--mail-type=NONE"]
              memory_classes: [16G, 64G]
              time_factor: 2
              poll_seconds: 60
              socket: /run/layerfold-cluster.sock
            """)
        let cluster = try #require(found.cluster)
        #expect(cluster.commands.submit == ["ssh", "login", "sbatch"])
        #expect(cluster.commands.list.first == "squeue")
        #expect(!cluster.commands.list.contains("-h"), "an answer without a header is none")
        #expect(cluster.resources.partition == "long")
        #expect(cluster.memoryClasses == [16_000_000_000, 64_000_000_000])
        #expect(found.runOn == .slurm && cluster.timeFactor == 2 && cluster.pollSeconds == 60)
    }

    @Test(arguments: [
        "run_on: slurm", "cluster: {poll_seconds: 5}", "cluster: {memory_classes: [64G, 16G]}",
        "cluster: {submit: []}", "cluster: {socket: here}", "cluster: {partitoin: x}",
        "cluster: {time_factor: 0.5}",
    ]) func `settings that cannot be are refused`(_ text: String) {
        #expect(throws: ManifestError.self) { try settings(text) }
    }

    @Test(arguments: [("1m", 1), ("90m", 90), ("4h", 240), ("2d", 2_880), ("365d", 525_600)])
    func `times`(_ text: String, _ minutes: Int) {
        #expect(MinuteCount.parse(text) == minutes)
    }

    @Test(arguments: ["", "m", "0m", "1", "1s", "-1h", "1.5h", "366d", "99999999999999999999m"])
    func `no times`(_ text: String) {
        #expect(MinuteCount.parse(text) == nil)
    }
}
