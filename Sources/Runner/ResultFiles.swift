// What lies in a results folder beside the models: the report in three forms, and model cards.

import Foundation
import Jobs
import Report
import SystemPackage

struct ResultFiles {
    let folder: FilePath

    func write(_ report: RunReport, job: JobDescription) throws {
        try put("report.json", try report.jsonText())
        try put("report.html", HTMLReport.render(report))
        try put("report.csv", ReportCSV.render(report))
        try put("comparison.csv", ComparisonTable(report).csv())
        if let correlations = report.correlations {
            try put("correlations.csv", CorrelationCSV.render(correlations))
        }
        for result in report.results {
            try put("\(result.path)/README.md", ModelCard.render(report, result))
        }
        if let quantized = report.quantized {
            try put("quantized.csv", QuantizedTable(report).csv())
            for model in quantized {
                try put("\(model.path)/README.md", QuantizedCard.render(report, model))
            }
        }
    }

    /// Durable when it returns: results are published by renaming their folder.
    private func put(_ name: String, _ text: String) throws {
        try DurableText.write(text, to: folder.appending(name))
    }
}
