// What the list command prints, as Slurm prints it and as it may come broken.

import Cluster
import Testing

@Suite struct QueueAnswerTests {
    private static let header = "JOBID|NAME|STATE|REASON\n"

    @Test func `an answer of Slurm`() throws {
        let text =
            Self.header + "12|layerfold-01A-m1-1|PENDING|Resources\n"
            + "13_4|layerfold-01A-m2-1|RUNNING|None\n" + "14|other|SPECIAL_EXIT|None\n"
            + "15|layerfold-01A-m3-2|OUT_OF_MEMORY|OutOfMemory\n"
        let all = try QueueAnswer.parse(text)
        #expect(
            all == [
                Sighting(
                    id: "12", token: "layerfold-01A-m1-1", word: .pending, reason: "Resources"),
                Sighting(id: "13_4", token: "layerfold-01A-m2-1", word: .running),
                Sighting(id: "14", token: "other", word: .moving("SPECIAL_EXIT")),
                Sighting(
                    id: "15", token: "layerfold-01A-m3-2", word: .over(.outOfMemory),
                    reason: "OutOfMemory"),
            ])
    }

    @Test func `a list of nothing is an answer, and no answer is none`() throws {
        #expect(try QueueAnswer.parse(Self.header).isEmpty)
        #expect(throws: QueueAnswer.Unusable.self) { try QueueAnswer.parse("") }
        #expect(throws: QueueAnswer.Unusable.self) { try QueueAnswer.parse("\n") }
    }

    @Test(arguments: [
        // Cut within a line, cut within the header, without a header, an error on standard output,
        // fewer columns, no identifier.
        "JOBID|NAME|STATE|REASON\n12|layerfold-01A-m1-1|RUN", "JOBID|NAME|ST", "JOBID|NAME\n",
        "12|layerfold-01A-m1-1|RUNNING|None\n", "slurm_load_jobs error: Unable to contact\n",
        "JOBID|NAME|STATE|REASON\n12|RUNNING|None\n", "JOBID|NAME|STATE|REASON\n|a|RUNNING|None\n",
    ]) func `what may not be whole says nothing`(_ text: String) {
        #expect(throws: QueueAnswer.Unusable.self) { try QueueAnswer.parse(text) }
    }

    @Test func `names of other people may hold anything`() throws {
        let all = try QueueAnswer.parse(Self.header + "7|a|b|c|RUNNING|None\n")
        #expect(all == [Sighting(id: "7", token: "a|b|c", word: .running)])
    }

    @Test(arguments: [
        ("COMPLETED", QueueWord.over(.completed)), ("FAILED", .over(.failed)),
        ("CANCELLED", .over(.cancelled)), ("TIMEOUT", .over(.timeout)),
        ("DEADLINE", .over(.timeout)), ("NODE_FAIL", .over(.nodeFailed)),
        ("BOOT_FAIL", .over(.nodeFailed)), ("PREEMPTED", .over(.preempted)),
        ("OUT_OF_MEMORY", .over(.outOfMemory)),
    ]) func `ends`(_ name: String, _ word: QueueWord) {
        #expect(QueueWord(name) == word)
    }

    @Test(arguments: [
        "PENDING", "RUNNING", "COMPLETING", "CONFIGURING", "SUSPENDED", "REQUEUED", "RESIZING",
        "STAGE_OUT", "STOPPED", "REQUEUE_HOLD", "SOMETHING_NEW",
    ]) func `all else is alive`(_ name: String) {
        #expect(!QueueWord(name).isOver)
    }
}
