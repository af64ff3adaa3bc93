// First manifests: whatever the model is called, the parser takes what is written.

import Catalogue
import Foundation
import Testing

@testable import Jobs

@Suite struct StarterManifestTests {
    private func starter(_ model: String, method: String = "fold") -> StarterManifest {
        StarterManifest(
            subject: "a model", model: model, name: StarterManifest.name(of: model, method: method),
            method: method, amount: .ratio(0.25))
    }

    @Test(arguments: [
        "org/Model-1.5B@refs/pr/1", "/a/b c/it's: a #model", "-dash", "123", "/x/true", "~", "ä\"b",
        "a: b", "/ends:", "x", "'", "C:\\models", "{a}", "[b]", "&c", "*d", "!e", "%f", "@g", "`h",
    ])
    func anyModelIsTakenAsItIs(_ model: String) throws {
        let text = starter(model).text
        let job = try ManifestParser.parse(bytes: Data(text.utf8), name: "x")
        #expect(job.model == model)
        #expect(job.compress[0].ratios == [0.25])
        #expect(JobName.isValid(job.name))
    }

    @Test func everyMethodThatNeedsOnlyARatio() throws {
        for method in Offer.methods where method.takesRatios {
            let isAsked = method.parameters.contains {
                $0.defaultValue == .required && $0.onlyWith == nil
            }
            guard !isAsked else { continue }
            let text = starter("m", method: method.name).text
            let job = try ManifestParser.parse(bytes: Data(text.utf8), name: "x")
            #expect(job.compress[0].method == method.name)
        }
    }

    @Test func names() {
        #expect(StarterManifest.name(of: "org/A b", method: "fold") == "A-b-fold")
        #expect(StarterManifest.name(of: "..", method: "mka") == "model-mka")
        let long = StarterManifest.name(of: String(repeating: "n", count: 200), method: "fold")
        #expect(JobName.isValid(long))
        #expect(long.hasSuffix("-fold"))
    }

    @Test func countsBecomeRatiosThatMeanThem() {
        let wrong = (2...200).flatMap { layers in
            (1..<layers).filter { count in
                let ratio = JobDescription.ratio(removing: count, of: layers)
                return Int((ratio * Double(layers) + 0.5 + 1e-9).rounded(.down)) != count
            }.map { "\($0) of \(layers)" }
        }
        #expect(wrong.isEmpty)
        #expect(JobDescription.ratio(removing: 7, of: 30) == 0.23)
    }

    @Test func allOfTheBuiltInTextIsTaken() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
            .appending(path: "Sources/BuiltInTexts/calibration.jsonl")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        #expect(StarterManifest.Calibration.builtIn.samples == lines.count)
    }

    @Test func everyCalibrationIsTaken() throws {
        for calibration in [
            StarterManifest.Calibration.selfWritten, .builtIn, .init(file: "/a b.jsonl"),
        ] {
            var manifest = starter("m")
            manifest.calibration = calibration
            let job = try ManifestParser.parse(bytes: Data(manifest.text.utf8), name: "x")
            #expect(job.calibration?.dataset == calibration.dataset)
            #expect(job.calibration?.path == calibration.path)
            #expect(job.calibration?.maxTokens == calibration.maxTokens)
            #expect(job.calibration?.parameters.integer("samples") == calibration.samples)
        }
    }

    @Test func builtInTextsAreNamedOrRefused() throws {
        let good = starter("m").text
        let bad = good.replacing("layerfold:heldout.txt", with: "layerfold:heldout.text")
        let error = #expect(throws: ManifestError.self) {
            try ManifestParser.parse(bytes: Data(bad.utf8), name: "x")
        }
        #expect("\(try #require(error))".contains("layerfold:heldout.txt"))
    }
}
