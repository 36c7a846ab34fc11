# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# gnuplot -c takeover.gnuplot FOLDER pages|devices FILE.svg: what takeover-cost counted.

folder = ARG1
against = ARG2

set terminal svg size 900,380 font "sans,12" background "#ffffff"
set output ARG3
set logscale xy
set format x "10^{%T}"
set format y "10^{%T}"
set grid
set key below maxrows 1
set ylabel "instructions"
set xlabel against eq "pages" ? "mapped pages, one device" : "devices, 64 mapped pages each"
column = against eq "pages" ? 2 : 1
set yrange [100:1e9]
set multiplot layout 1,2

do for [tables in "fresh churned"] {
	set title (tables eq "fresh" ? "fresh tables" : "churned tables: others are there, and empty")
	plot for [i=1:5] folder."/".against."-".tables.".dat" using column:(column(i + 2)) \
		with linespoints linewidth 2 title word("find plan prepare commit verify", i)
}
