/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A user of the installed library. */
#include <stdio.h>

#include <quietus/report.h>

int main(void)
{
	struct qt_machine machine = {0};
	struct qt_plan plan;

	qt_plan(&machine, &plan);
	printf("%s\n", qt_reason_text(plan.reason));
	return qt_report_check("", 0) != QT_E_BAD;
}
