// The store: what is in it by stage, job and owner, what a collection would free, how sound it is.

package import Report

package struct StorePage: Sendable {
    /// Bytes of part of the store.
    package struct Stage: Sendable {
        package let name: String
        package let steps: Int
        package let diskBytes: Int
        package let rawBytes: Int

        package init(name: String, steps: Int, diskBytes: Int, rawBytes: Int) {
            self.name = name
            self.steps = steps
            self.diskBytes = diskBytes
            self.rawBytes = rawBytes
        }
    }

    package struct Job: Sendable {
        package let id: String
        package let name: String
        package let owner: String
        /// Of the objects that its stages name, and of those that no other job here names.
        package let storeBytes: Int
        package let ownBytes: Int
        package let resultBytes: Int

        package init(
            id: String, name: String, owner: String, storeBytes: Int, ownBytes: Int,
            resultBytes: Int
        ) {
            self.id = id
            self.name = name
            self.owner = owner
            self.storeBytes = storeBytes
            self.ownBytes = ownBytes
            self.resultBytes = resultBytes
        }
    }

    package struct Owner: Sendable {
        package let name: String
        package let jobs: Int
        package let storeBytes: Int
        package let ownBytes: Int
        package let resultBytes: Int

        package init(name: String, jobs: Int, storeBytes: Int, ownBytes: Int, resultBytes: Int) {
            self.name = name
            self.jobs = jobs
            self.storeBytes = storeBytes
            self.ownBytes = ownBytes
            self.resultBytes = resultBytes
        }
    }

    /// What there is, and how much there may be.
    package struct Totals: Sendable {
        package var objects = 0
        package var steps = 0
        package var pins = 0
        package var diskBytes = 0
        package var rawBytes = 0
        /// The setting `cache: size`; nil for none.
        package var limit: Int?
        /// At which collection begins, and to which it goes; nil for no limit at present.
        package var high: Int?
        package var low: Int?
        package var diskFree = 0
        package var diskTotal = 0

        package init() {}
    }

    /// How sound it is, as far as known without reading it.
    package struct Care: Sendable {
        /// Milliseconds since 1970 UTC; nil where no verification is known to have ended.
        package var verifiedAt: Int?
        package var verifiedObjects = 0
        package var verifiedBytes = 0
        package var faults = 0
        package var isWhole = true
        package var isRepaired = false
        /// Objects read by a pass that was interrupted, or is under way; nil where none is.
        package var interruptedAfter: Int?
        package var quarantined = 0

        package init() {}
    }

    /// What a collection would do.
    package struct Preview: Sendable {
        package let freedBytes: Int
        package let keptBytes: Int
        package let steps: Int
        package let objects: Int
        /// That the steps once took to compute.
        package let seconds: Double
        package let protectedBytes: Int
        package let isOverLimit: Bool

        package init(
            freedBytes: Int, keptBytes: Int, steps: Int, objects: Int, seconds: Double,
            protectedBytes: Int, isOverLimit: Bool
        ) {
            self.freedBytes = freedBytes
            self.keptBytes = keptBytes
            self.steps = steps
            self.objects = objects
            self.seconds = seconds
            self.protectedBytes = protectedBytes
            self.isOverLimit = isOverLimit
        }
    }

    package struct Collection: Sendable {
        /// Milliseconds since 1970 UTC.
        package let at: Int
        /// Nil where the server did it by itself.
        package let by: String?
        package let bytes: Int
        package let steps: Int
        package let seconds: Double

        package init(at: Int, by: String?, bytes: Int, steps: Int, seconds: Double) {
            self.at = at
            self.by = by
            self.bytes = bytes
            self.steps = steps
            self.seconds = seconds
        }
    }

    package var totals = Totals()
    package var stages: [Stage] = []
    package var jobs: [Job] = []
    package var owners: [Owner] = []
    package var care = Care()
    package var preview: Preview?
    package var collections: [Collection] = []
    /// Whether there is a store at all.
    package var exists = false
    /// What the collection is asked to keep, in GiB as it was typed; empty for the settings.
    package var keep = ""
    /// What is wrong with that, in words.
    package var problem: String?

    package init() {}

    package func render(_ frame: Frame) -> Markup {
        guard exists else {
            return frame.page(
                "Store", at: .store, "<p>There is no store yet: the first job makes it.</p>")
        }
        return frame.page(
            "Store", at: .store,
            overview + collecting(frame) + past + byStage + byJob(frame) + byOwner)
    }

    // MARK: Overview

    private var overview: Markup {
        let limit: Markup =
            totals.limit.map { limit in
                let share = Double(totals.diskBytes) / Double(max(1, limit))
                return """
                    \(NumberText.bytes(limit)), of which \(NumberText.percent(share)) are taken
                    """
            } ?? "none but the disk's"
        let marks: Markup
        switch (totals.high, totals.low) {
        case (let high?, let low?):
            marks = "beyond \(NumberText.bytes(high)), down to \(NumberText.bytes(low))"
        default: marks = "not at present"
        }
        return """
            <dl class="facts">\
            <div><dt>In the store</dt><dd>\(NumberText.bytes(totals.diskBytes))</dd></div>\
            <div><dt>Unpacked</dt><dd>\(NumberText.bytes(totals.rawBytes))</dd></div>\
            <div><dt>Objects</dt><dd>\(NumberText.grouped(totals.objects))</dd></div>\
            <div><dt>Steps</dt><dd>\(NumberText.grouped(totals.steps))</dd></div>\
            <div><dt>Pins</dt><dd>\(NumberText.grouped(totals.pins))</dd></div>\
            <div><dt>Limit</dt><dd>\(limit)</dd></div>\
            <div><dt>Collected by itself</dt><dd>\(marks)</dd></div>\
            <div><dt>Free on the disk</dt><dd>\(NumberText.bytes(totals.diskFree)) of \
            \(NumberText.bytes(totals.diskTotal))</dd></div></dl>
            \(careWords)

            """
    }

    private var careWords: Markup {
        var words: Markup
        if let at = care.verifiedAt {
            let objects = NumberText.grouped(care.verifiedObjects)
            words = """
                Verified \(TimeText.markup(at)): \(objects) objects, \
                \(NumberText.bytes(care.verifiedBytes)), \(care.isWhole ? "all" : "a part") of \
                them; 
                """
            let cure: Markup =
                care.isRepaired
                ? ", which were set aside: they are computed again when needed."
                : ": <code>layerfold store verify --repair</code> sets them aside."
            words +=
                care.faults == 0
                ? "sound." : "<strong>\(care.faults) faults</strong>\(cure)"
        } else {
            words = """
                No verification is known to have come to its end: \
                <code>layerfold store verify --resume</code> makes one, as the timer \
                <code>layerfold-scrub</code> does.
                """
        }
        if let count = care.interruptedAfter {
            words += """
                 One is under way or was interrupted, after \(NumberText.grouped(count)) objects.
                """
        }
        if care.quarantined > 0 {
            words += " \(NumberText.grouped(care.quarantined)) damaged files lie aside."
        }
        return "<p>\(words)</p>"
    }
}
