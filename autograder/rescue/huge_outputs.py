"""Outputs that are too long for a page."""

from __future__ import annotations

from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Integer

from dla_widgets.verdict import MIME


def _matters(output) -> bool:
    """Whether the points hang on this output."""
    return output.output_type in ("error", "execute_result") or MIME in output.get("data", {})


class HugeOutputs(NbGraderPreprocessor):
    """Cut what a cell put out down to a size that a feedback page can show; the verdict of a check is always kept."""

    most_characters = Integer(20_000, help="of text per output").tag(config=True)
    most_bytes = Integer(2_000_000, help="of one picture or page per output").tag(config=True)
    most_outputs = Integer(50, help="per cell").tag(config=True)

    def preprocess_cell(self, cell, resources, index):
        if cell.cell_type == "code":
            cell.outputs = [self._cut(output) for n, output in enumerate(cell.outputs)
                            if n < self.most_outputs or _matters(output)]
        return cell, resources

    def _cut(self, output):
        if output.output_type == "stream":
            output.text = self._shortened(output.text)
        elif output.output_type == "error":
            output.evalue = self._shortened(output.evalue)
            output.traceback = [self._shortened(line) for line in output.traceback]
        else:
            for kind, data in output.data.items():
                if len(str(data)) > self.most_bytes and kind != MIME:
                    output.data[kind] = f"(an output of {len(str(data)):,} characters was left out)"
            if "text/plain" in output.data:
                output.data["text/plain"] = self._shortened(output.data["text/plain"])
        return output

    def _shortened(self, text: str) -> str:
        if len(text) <= self.most_characters:
            return text
        half = self.most_characters // 2
        return f"{text[:half]}\n... {len(text) - 2 * half:,} characters left out ...\n{text[-half:]}"
