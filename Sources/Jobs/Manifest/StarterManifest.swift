// A first manifest for a model: what `layerfold fold` runs and `layerfold init` writes, with a
// comment where a person will want to change something.

package import Catalogue

package struct StarterManifest: Sendable, Equatable {
    package struct Calibration: Sendable, Equatable {
        package var dataset: String
        /// Nil where nothing is read from disk.
        package var path: String?
        package var samples: Int
        package var maxTokens: Int

        /// What the model writes itself: whatever it is for, it is in there.
        package static let selfWritten = Calibration(
            dataset: "self", path: nil, samples: 384, maxTokens: 256)

        /// The text that the program carries: many kinds, for a model of any purpose.
        package static let builtIn = Calibration(
            dataset: "jsonl", path: Offer.builtInPrefix + "calibration.jsonl", samples: 227,
            maxTokens: 512)

        package init(dataset: String, path: String?, samples: Int, maxTokens: Int) {
            self.dataset = dataset
            self.path = path
            self.samples = samples
            self.maxTokens = maxTokens
        }

        /// A file of a person's: JSON lines by its name, else running text.
        package init(file path: String) {
            let isLines = path.lowercased().hasSuffix(".jsonl")
            // About 50,000 tokens of running text.
            self.init(
                dataset: isLines ? "jsonl" : "text", path: path, samples: 100, maxTokens: 512)
        }

        package var title: String { path ?? "what the model writes itself" }
    }

    /// How much of the model goes.
    package enum Amount: Sendable, Equatable {
        case ratio(Double)
        case budget(Budget)
    }

    /// What the model is, in a few words, for the first line.
    package var subject: String
    package var name: String
    package var model: String
    package var method: String
    package var amount: Amount
    package var calibration: Calibration

    package init(
        subject: String, model: String, name: String, method: String, amount: Amount,
        calibration: Calibration = .selfWritten
    ) {
        self.subject = subject
        self.model = model
        self.name = name
        self.method = method
        self.amount = amount
        self.calibration = calibration
    }

    /// A job's name made of a model's: other characters become `-`.
    package static func name(of model: String, method: String) -> String {
        let plain = model.split(separator: "/").last.map(String.init) ?? model
        var name = String(
            String.UnicodeScalarView(
                plain.unicodeScalars.map { JobName.isValid("a\($0)") ? $0 : "-" }))
        name = String(name.drop { $0 == "-" || $0 == "." || $0 == "_" })
        name = String(name.prefix(JobName.charactersMax - method.count - 1))
        return (name.isEmpty ? "model" : name) + "-" + method
    }

    package var text: String {
        """
        # \(comment)
        # Run it: layerfold run FILE. Every key: docs/JOB_FORMAT.md; what there is to choose from:
        # layerfold methods, layerfold tasks.
        version: 1
        name: \(name)
        # A folder, or a name ORG/NAME in the Hugging Face cache.
        model: \(Self.scalar(model))
        # What the fold learns from: text like that which the model is for is best.
        calibration:
          dataset: \(calibration.dataset)\(path)
          samples: \(calibration.samples)
          max_tokens: \(calibration.maxTokens)
          seed: 1
        compress:
          - method: \(method)
            \(amountLines)\(quick)
        # What it costs, on text that nothing was learnt from.
        evaluate:
          - task: perplexity
            path: \(Offer.builtInPrefix)heldout.txt
          - task: divergence
            path: \(Offer.builtInPrefix)heldout.txt
          # What it writes, beside what the original writes.
          - task: generation
        output:
          # keep | bfloat16 | float16 | float32
          dtype: keep

        """
    }

    private var amountLines: String {
        switch amount {
        case .ratio(let ratio):
            """
            # Share of the layers to remove; several ratios make several models.
                ratios: [\(ratio)]
            """
        case .budget(let budget):
            """
            # The most that the model may take; the fewest layers go that meet it.
                \(budget.measure.rawValue): \(budget.amountText)
            """
        }
    }

    private var path: String {
        calibration.path.map { "\n  path: \(Self.scalar($0))" } ?? ""
    }

    /// The subject on one line, whatever is in it.
    private var comment: String {
        String(
            String.UnicodeScalarView(
                subject.unicodeScalars.map {
                    $0.properties.isWhitespace || $0.value < 0x20
                        || (0x7F...0x9F).contains($0.value)
                        ? " " : $0
                }))
    }

    /// Where a method can go on tuning for long, the first model comes without.
    private var quick: String {
        guard Offer.method(method)?.parameter("tuning_steps") != nil else { return "" }
        return """

                # Left out, each layer is tuned after it was fitted: better, in several times the time.
                tuning_steps: 0
            """
    }

    /// A text as YAML: quoted unless it cannot be misread.
    private static func scalar(_ text: String) -> String {
        let isPlain =
            text.utf8.first.map { $0 != UInt8(ascii: "-") } ?? false
            && text.unicodeScalars.allSatisfy {
                $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil)
                    || "/._-:".unicodeScalars.contains($0)
            } && !text.hasSuffix(":")
            && text.unicodeScalars.contains { $0.properties.isAlphabetic }
        return isPlain ? text : "'" + text.replacing("'", with: "''") + "'"
    }
}
