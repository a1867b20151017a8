import ToolRunner

superviseIfAsked()
